import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import type {
  DrainReply,
  RequestLine,
  Router,
  RouterCounts,
  RouterReply,
  RouterState,
  Unknown,
} from '../contract.ts';
import type { ControlRequest } from './control.ts';
import { controlPath } from './proxy.ts';

const REPLY_TIMEOUT_MS = 5000;

/** The built-in proxy with this folder, seen from a process that steers it. Holds nothing open; the proxy need not run yet. */
export function openProxyRouter(folder: string): Router & ProxyProcess {
  const say = <Reply extends { readonly outcome: string }>(
    request: ControlRequest,
    timeoutMs = REPLY_TIMEOUT_MS,
  ) => exchange<Reply>(controlPath(folder), request, timeoutMs);
  return {
    kind: 'proxy',
    setWeights: (fence, traffic) => say<RouterReply>({ do: 'set-weights', fence, traffic }),
    state: () => say<RouterState>({ do: 'state' }),
    observe: () => say<RouterCounts>({ do: 'observe' }),
    drain: (fence, version, deadlineMs) =>
      say<DrainReply>({ do: 'drain', fence, version, deadlineMs }, deadlineMs + REPLY_TIMEOUT_MS),
    remove: (fence, version) => say<RouterReply>({ do: 'remove', fence, version }),
    reload: () => say<RouterReply>({ do: 'reload' }),
    stop: () => say<RouterReply>({ do: 'stop' }),
    follow: (onLine) => follow(controlPath(folder), onLine),
  };
}

/** What only the built-in proxy can be asked. */
export interface ProxyProcess {
  /** Reads its file again, without touching a connection. */
  reload(): Promise<RouterReply | Unknown>;
  /** Takes no new connection, finishes what is open and ends. Answered before that. */
  stop(): Promise<RouterReply | Unknown>;
}

async function exchange<Reply>(
  path: string,
  request: ControlRequest,
  timeoutMs: number,
): Promise<Reply | Unknown> {
  const socket = connect(path);
  const { promise, resolve } = Promise.withResolvers<Reply | Unknown>();
  const unknown = (reason: string) => resolve({ outcome: 'unknown', reason });
  const timer = setTimeout(() => unknown(`the proxy did not answer within ${timeoutMs} ms`), timeoutMs);
  socket.on('error', (error) => unknown(reasonOf(error)));
  socket.on('close', () => unknown('the proxy ended before it answered'));
  const lines = createInterface({ input: socket });
  lines.on('error', () => {});
  lines.once('line', (line) => {
    try {
      resolve(JSON.parse(line) as Reply);
    } catch {
      unknown('the proxy answered what cannot be read');
    }
  });
  socket.write(`${JSON.stringify(request)}\n`);
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    lines.close();
    socket.destroy();
  }
}

/** Resolves when the stream has begun; when the proxy is not there, it never has a line. */
async function follow(path: string, onLine: (line: RequestLine) => void): Promise<() => void> {
  const socket: Socket = connect(path);
  const begun = Promise.withResolvers<void>();
  socket.on('error', () => begun.resolve());
  socket.on('close', () => begun.resolve());
  const lines = createInterface({ input: socket });
  lines.on('error', () => {});
  lines.once('line', () => {
    begun.resolve();
    lines.on('line', (line) => onLine(JSON.parse(line) as RequestLine));
  });
  socket.write(`${JSON.stringify({ do: 'follow' } satisfies ControlRequest)}\n`);
  await begun.promise;
  return () => {
    lines.close();
    socket.destroy();
  };
}

function reasonOf(error: NodeJS.ErrnoException): string {
  const isGone = error.code === 'ENOENT' || error.code === 'ECONNREFUSED';
  return isGone ? 'the proxy does not run' : `the proxy cannot be reached (${error.code ?? error.message})`;
}
