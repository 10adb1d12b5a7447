import { closeSync, existsSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import type { Clock } from '../../../base/port.ts';

const RETRY_MS = 3;
const SQLITE_BUSY = 5;

/**
 * A lock among all that open the same path, in this process and others, which the system takes back when a process dies. Node has
 * no flock; an exclusive transaction of SQLite that writes nothing is one, and nothing has to be tidied up after a kill.
 */
export class FileLock {
  readonly #path: string;
  readonly #clock: Clock;
  #database: DatabaseSync | null = null;
  #last: Promise<unknown> = Promise.resolve();

  constructor(path: string, clock: Clock) {
    this.#path = path;
    this.#clock = clock;
  }

  /** Runs the action while nobody else holds the lock; waits for that. */
  during<T>(action: () => Promise<T>): Promise<T> {
    const next = this.#last.then(async () => {
      // Asked for again and again: SQLite's own waiting would stop this process, which may be the holder.
      while (!(await this.#begin()))
        await new Promise<void>((resolve) => this.#clock.after(RETRY_MS, resolve));
      return this.#held(action);
    });
    this.#last = next.catch(() => {});
    return next;
  }

  /** The same, but null at once when somebody else holds it. */
  async ifFree<T>(action: () => Promise<T>): Promise<T | null> {
    return (await this.#begin()) ? this.#held(action) : null;
  }

  close(): void {
    this.#database?.close();
    this.#database = null;
  }

  async #held<T>(action: () => Promise<T>): Promise<T> {
    try {
      return await action();
    } finally {
      this.#database!.exec('rollback');
    }
  }

  async #begin(): Promise<boolean> {
    const { DatabaseSync } = await import('node:sqlite');
    this.#database ??= new DatabaseSync(this.#privateFile(), { timeout: 0 });
    if (this.#database.isTransaction) return false;
    try {
      // No file beside it: on a full disk, collecting is the way out.
      this.#database.exec('pragma journal_mode = memory');
      this.#database.exec('begin exclusive');
      return true;
    } catch (error) {
      if ((error as { errcode?: number }).errcode === SQLITE_BUSY) return false;
      throw error;
    }
  }

  #privateFile(): string {
    // Only when it is not there: closing any descriptor of a locked file would let the lock of this process go.
    if (!existsSync(this.#path)) {
      mkdirSync(dirname(this.#path), { recursive: true, mode: 0o700 });
      closeSync(openSync(this.#path, 'a', 0o600));
    }
    return this.#path;
  }
}
