import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type AppOptions, createApp } from './app.ts';

export interface ServerOptions extends Omit<AppOptions, 'isReady'> {
  readonly port: number;
  /** The address of this machine on which it listens. */
  readonly host: string;
  /** So many requests it sends to itself before it is ready. */
  readonly warmUpRequests: number;
}

export interface RunningServer {
  readonly port: number;
  /** Says "not ready", lets running requests end, and closes the port. Safe to call twice. */
  stop(): Promise<void>;
}

/** Opens the port (0: a free one) and resolves when it is ready. */
export function startServer(options: ServerOptions): Promise<RunningServer> {
  let stopping: Promise<void> | null = null;
  let isWarm = false;
  const server = createServer(createApp({ ...options, isReady: () => isWarm && stopping === null }));

  return new Promise((resolve, reject) => {
    server.on('error', reject);
    server.listen(options.port, options.host, async () => {
      const { port } = server.address() as AddressInfo;
      for (let count = 0; count < options.warmUpRequests; count++)
        await (await fetch(`http://127.0.0.1:${port}/version`)).arrayBuffer();
      isWarm = true;
      options.log('started', { port, version: options.version });
      resolve({
        port,
        stop: () => {
          stopping ??= close(server).then(() => options.log('stopped'));
          return stopping;
        },
      });
    });
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve, reject) => {
    server.close((error) => (error ? reject(error) : resolve()));
    server.closeIdleConnections();
  });
}
