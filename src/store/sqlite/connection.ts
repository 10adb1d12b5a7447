import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { userError } from '../../base/diagnostic.ts';
import { elapsedMs } from '../machine-time.ts';
import { explained, isBusy } from './fault.ts';
import type { Cell } from './seal.ts';

/** The longest pause between two tries to get a lock that another process holds. */
const RETRY_PAUSE_MAX_MS = 20;

export type Row = Record<string, Cell>;

/** One connection to the database file: statements prepared at their first use, and waiting for locks without blocking the loop. */
export class Connection {
  readonly file: string;
  readonly #database: DatabaseSync;
  readonly #lockWaitMs: number;
  readonly #statements = new Map<string, StatementSync>();

  constructor(file: string, lockWaitMs: number) {
    this.file = file;
    this.#lockWaitMs = lockWaitMs;
    // SQLite's own waiting would block the event loop, so its timeout is 0.
    this.#database = new DatabaseSync(file, { timeout: 0, enableForeignKeyConstraints: true });
  }

  exec(sql: string): void {
    this.#database.exec(sql);
  }

  statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#database.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  run(sql: string, ...values: Cell[]): number {
    return Number(this.statement(sql).run(...values).changes);
  }

  get(sql: string, ...values: Cell[]): Row | undefined {
    return this.statement(sql).get(...values) as Row | undefined;
  }

  all(sql: string, ...values: Cell[]): Row[] {
    return this.statement(sql).all(...values) as Row[];
  }

  iterate(sql: string, ...values: Cell[]): Iterable<Row> {
    return this.statement(sql).iterate(...values) as Iterable<Row>;
  }

  /** Changes whenever another connection has committed. */
  dataVersion(): number {
    return this.get('pragma data_version')!.data_version as number;
  }

  /** Ends a transaction that failed. SQLite has ended some of them by itself. */
  rollback(): void {
    if (this.#database.isTransaction) this.#database.exec('rollback');
  }

  /** Everything that `read` reads is of one moment. */
  snapshot<T>(read: () => T): T {
    this.statement('begin').run();
    try {
      return read();
    } finally {
      this.rollback();
    }
  }

  /**
   * Performs something that may meet another process's lock, again and again with growing pauses.
   * `ready` is awaited before each try. Throws a `UserError` after the longest wait, and any other error of SQLite explained.
   */
  async patiently<T>(perform: () => T, ready?: () => Promise<void>): Promise<T> {
    const startedAt = elapsedMs();
    for (let pauseMs = 1; ; pauseMs = Math.min(pauseMs * 2, RETRY_PAUSE_MAX_MS)) {
      await ready?.();
      try {
        return perform();
      } catch (error) {
        if (!isBusy(error)) throw explained(error, this.file);
      }
      if (elapsedMs() - startedAt > this.#lockWaitMs) {
        const seconds = Math.round(this.#lockWaitMs / 1000);
        throw userError(
          'store-locked',
          `another process has held the write lock of the store ${this.file} for ${seconds} s`,
          `find it with \`fuser ${this.file}\` and end it, then try again`,
          3,
        );
      }
      // Some chance in the pause keeps two waiting processes from meeting again and again.
      await sleep(pauseMs * (0.5 + Math.random()));
    }
  }

  close(): void {
    this.#statements.clear();
    this.#database.close();
  }
}
