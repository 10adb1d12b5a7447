import { chmodSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import type { Fence, RequestLine, Traffic } from '../contract.ts';
import type { Serving } from './serving.ts';
import type { Steering } from './steering.ts';

/** What the proxy can be asked over its control socket: a line of JSON, answered by a line of JSON. */
export type ControlRequest =
  | { readonly do: 'set-weights'; readonly fence: Fence; readonly traffic: Traffic }
  | { readonly do: 'drain'; readonly fence: Fence; readonly version: string; readonly deadlineMs: number }
  | { readonly do: 'remove'; readonly fence: Fence; readonly version: string }
  | { readonly do: 'state' }
  | { readonly do: 'observe' }
  /** Read the file again. */
  | { readonly do: 'reload' }
  /** Answered by a line for each request that is over, for as long as the connection stays. */
  | { readonly do: 'follow' }
  /** Take no new connection, finish what is open, end. Answered before that. */
  | { readonly do: 'stop' };

const LINES_WAITING_BYTES_MAX = 1024 * 1024;
const LINES_EVERY_MS = 50;

/**
 * Listens on a socket that only this user can open. A socket file that a dead proxy left is replaced: whoever serves the port
 * is the proxy. Resolves when it can be asked.
 */
export async function openControl(
  path: string,
  serving: Serving,
  steering: Steering,
  stop: () => void,
): Promise<Server> {
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    const lines = createInterface({ input: socket });
    lines.on('error', () => socket.destroy());
    lines.on('line', (line) => {
      void answer(line, socket).catch((error: Error) => {
        socket.end(`${JSON.stringify({ outcome: 'refused', cause: 'invalid', reason: error.message })}\n`);
      });
    });
  });
  const answer = async (line: string, socket: Socket): Promise<void> => {
    const request = JSON.parse(line) as ControlRequest;
    const say = (reply: unknown) => socket.write(`${JSON.stringify(reply)}\n`);
    switch (request.do) {
      case 'set-weights':
        say(steering.setWeights(request.fence, request.traffic));
        return;
      case 'drain':
        say(await steering.drain(request.fence, request.version, request.deadlineMs));
        return;
      case 'remove':
        say(steering.remove(request.fence, request.version));
        return;
      case 'state':
        say(steering.state());
        return;
      case 'observe':
        say(serving.counts());
        return;
      case 'reload':
        steering.reload();
        say({ outcome: 'done', warning: null });
        return;
      case 'follow':
        follow(serving, socket);
        return;
      case 'stop':
        say({ outcome: 'done', warning: null });
        stop();
        return;
      default:
        throw new Error(`this proxy does not know ${JSON.stringify((request as { do?: unknown }).do)}`);
    }
  };
  rmSync(path, { force: true });
  // Between its making and `chmod` the folder keeps others out.
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, resolve);
  });
  chmodSync(path, 0o600);
  return server;
}

/** A reader that is slower than the traffic loses lines; the traffic does not wait for it. Many lines go in one write. */
function follow(serving: Serving, socket: Socket): void {
  let lost = 0;
  let waiting = '';
  let timer: NodeJS.Timeout | null = null;
  const flush = () => {
    timer = null;
    socket.write(waiting);
    waiting = '';
  };
  const sink = (line: RequestLine) => {
    if (socket.writableLength + waiting.length > LINES_WAITING_BYTES_MAX) {
      lost++;
      return;
    }
    waiting += `${JSON.stringify({ ...line, lost })}\n`;
    lost = 0;
    timer ??= setTimeout(flush, LINES_EVERY_MS);
  };
  serving.sinks.add(sink);
  socket.on('close', () => {
    serving.sinks.delete(sink);
    if (timer !== null) clearTimeout(timer);
  });
  socket.write(`${JSON.stringify({ outcome: 'done', warning: null })}\n`);
}
