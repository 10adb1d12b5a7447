import type { Connection } from './connection.ts';
import { streamId } from './stream-id.ts';

const POLL_MS = 100;

/** Tells watchers of appends: at once for this process's own, by polling for those of other processes. */
export class Watchers {
  readonly #connection: Connection;
  readonly #callbacks = new Map<string, Set<() => void>>();
  /** The head of each watched stream as its watchers know it. */
  readonly #seen = new Map<string, number>();
  #timer: NodeJS.Timeout | null = null;
  #dataVersion = 0;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  add(stream: string, onChange: () => void): () => void {
    // A function of its own, so that the same callback can be added twice.
    const callback = () => onChange();
    const callbacks = this.#callbacks.get(stream) ?? new Set();
    callbacks.add(callback);
    this.#callbacks.set(stream, callbacks);
    // -1: the first poll tells of everything, because another process may have appended since the caller's last read.
    if (callbacks.size === 1) this.#seen.set(stream, -1);
    if (this.#timer === null) {
      this.#dataVersion = Number.NaN;
      this.#timer = setInterval(() => this.#poll(), POLL_MS).unref();
    }
    return () => {
      callbacks.delete(callback);
      if (callbacks.size > 0 || this.#callbacks.get(stream) !== callbacks) return;
      this.#callbacks.delete(stream);
      this.#seen.delete(stream);
      if (this.#callbacks.size === 0) this.end();
    };
  }

  /** After a commit of this process. */
  tell(streams: readonly string[]): void {
    for (const stream of streams) {
      for (const callback of this.#callbacks.get(stream) ?? []) queueMicrotask(callback);
    }
  }

  end(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }

  #poll(): void {
    try {
      const version = this.#connection.dataVersion();
      if (version === this.#dataVersion) return;
      this.#dataVersion = version;
      for (const [stream, seen] of this.#seen) {
        const row = this.#connection.get('select sequence from stream where id = ?', streamId(stream));
        const sequence = Number(row?.sequence ?? 0);
        this.#seen.set(stream, sequence);
        if (sequence !== seen) this.tell([stream]);
      }
    } catch {
      // A lock or damage: the watcher's own read waits for the one and reports the other. The next poll tells it.
      this.#dataVersion = Number.NaN;
    }
  }
}
