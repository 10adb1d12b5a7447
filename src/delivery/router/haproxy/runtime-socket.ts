import { connect, type Socket } from 'node:net';

const REPLY_TIMEOUT_MS = 5000;

/** Where HAProxy's runtime API listens: a path, or `host:port`. Holds nothing open. */
export class RuntimeSocket {
  readonly #address: string;

  constructor(address: string) {
    this.#address = address;
  }

  /** Sends one line, commands parted by `;`, and returns all that is answered. Rejects with a sentence when there is no answer. */
  async ask(line: string): Promise<string> {
    const socket = this.open();
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const timer = setTimeout(
      () => reject(new Error(`HAProxy did not answer within ${REPLY_TIMEOUT_MS} ms`)),
      REPLY_TIMEOUT_MS,
    );
    let text = '';
    socket.setEncoding('utf8');
    socket.on('data', (part) => {
      text += part;
    });
    socket.on('error', (error: NodeJS.ErrnoException) => reject(new Error(reasonOf(error))));
    // It closes when all is said.
    socket.on('end', () => resolve(text));
    socket.on('close', () => reject(new Error('HAProxy ended before it answered')));
    socket.write(`${line}\n`);
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      socket.destroy();
    }
  }

  /** A connection of its own, to be destroyed by the caller. */
  open(): Socket {
    const remote = /^\[?([^/\]]+)\]?:(\d+)$/.exec(this.#address);
    return remote === null ? connect(this.#address) : connect(Number(remote[2]), remote[1]!);
  }
}

function reasonOf({ code, message }: NodeJS.ErrnoException): string {
  if (code === 'ENOENT' || code === 'ECONNREFUSED')
    return 'HAProxy does not run, or its runtime socket is not there';
  if (code === 'EACCES')
    return 'HAProxy’s runtime socket may not be opened by this user; set `user` or `mode` of `stats socket`';
  return `HAProxy cannot be reached (${code ?? message})`;
}
