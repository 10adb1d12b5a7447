import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { DockerEngine } from './docker-engine.ts';

const FAR_END = fileURLToPath(new URL('./port-bridge-process.ts', import.meta.url));

/**
 * Makes so many ports in a row of an engine's own network reachable from here, under the same numbers on 127.0.0.1. A connection to a port where
 * nobody listens is taken and closed. To be closed by the caller.
 */
export async function bridgePorts(
  engine: DockerEngine,
  folder: string,
  count: number,
): Promise<{ readonly first: number; close(): Promise<void> }> {
  const path = join(folder, 'bridge');
  const child = engine.startInNetwork(process.execPath, [FAR_END, path]);
  const exited = once(child, 'exit');
  await once(child.stdout, 'data');
  const sockets = new Set<Socket>();
  const { first, servers } = await listenInARow(count, (near, port) => {
    const far = connect(path);
    far.write(`${port}\n`);
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(one);
      one.on('error', () => other.destroy());
      one.on('close', () => {
        sockets.delete(one);
        other.destroy();
      });
      one.pipe(other);
    }
  });
  return {
    first,
    close: async () => {
      for (const server of servers) server.close();
      for (const socket of sockets) socket.destroy();
      child.kill('SIGKILL');
      await exited;
    },
  };
}

/** Below the ports that the system gives to clients. */
async function listenInARow(
  count: number,
  onConnection: (socket: Socket, port: number) => void,
): Promise<{ readonly first: number; readonly servers: readonly Server[] }> {
  for (;;) {
    const first = 15_000 + Math.floor(Math.random() * 15_000);
    const servers: Server[] = [];
    try {
      for (let port = first; port < first + count; port++) {
        const server = createServer((socket) => onConnection(socket, port)).listen(port, '127.0.0.1');
        servers.push(server);
        await once(server, 'listening');
      }
      return { first, servers };
    } catch {
      for (const server of servers) server.close();
    }
  }
}
