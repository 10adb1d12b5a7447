import { setImmediate as nextTurn } from 'node:timers/promises';
import { ConflictError, DamageError, FencedError } from '../contract.ts';
import { elapsedMs } from '../machine-time.ts';
import type { Connection } from './connection.ts';
import { explained, isFatal, isFull } from './fault.ts';
import type { Heads } from './heads.ts';
import type { MarkFile } from './mark.ts';
import { readState, type StoreState, writeState } from './state.ts';
import { WriteAhead } from './write-ahead.ts';

/** Writing before a commit takes no more than this, and a write that is begun. */
const FLUSH_MAX_MS = 6;
const FLUSH_EVENTS_MAX = 1000;
/** From so many events on, writing them, committing, and what their callers do next have a turn of the loop each. */
const TURNS_EVENTS_MIN = 100;

/** Returned by a write that has more to do in the same transaction, after the loop has had a turn. */
export const MORE = Symbol('more');

interface Write {
  readonly events: number;
  /** Checks, then writes. Throws only what its checks find, before it has written anything. */
  readonly perform: (isFirst: boolean) => unknown;
  readonly resolve: (value: never) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * All writes of one store, in the order they were asked for. Those of one turn of the loop share a transaction and its
 * flush to the disk (group commit); each one's promise settles when the transaction is durable. A write whose check
 * fails does not touch the others. When the transaction itself fails, none of it is acknowledged.
 */
export class Writer {
  readonly #connection: Connection;
  readonly #heads: Heads;
  readonly #mark: MarkFile;
  readonly #writeAhead: WriteAhead;
  readonly #onCommit: (streams: readonly string[]) => void;
  readonly #makeRoom: () => boolean;
  #queue: Write[] = [];
  #flushing: Promise<void> | null = null;
  #transaction: Promise<void> | null = null;
  #failure: unknown = null;
  #state: StoreState | null = null;

  /** `makeRoom`: asked when the disk is full; true: something was freed, so that trying again may help. */
  constructor(
    connection: Connection,
    heads: Heads,
    mark: MarkFile,
    onCommit: (streams: readonly string[]) => void,
    makeRoom: () => boolean = () => false,
  ) {
    this.#connection = connection;
    this.#heads = heads;
    this.#mark = mark;
    this.#writeAhead = new WriteAhead(connection);
    this.#onCommit = onCommit;
    this.#makeRoom = makeRoom;
  }

  /**
   * Queues a write. `events` is how many it appends; `perform` runs inside the transaction, again while it returns `MORE`, and
   * from its beginning (`isFirst`) in another transaction when the disk was full and room was made.
   */
  write<T>(perform: (isFirst: boolean) => T | typeof MORE, events = 0): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.#failure !== null) return reject(this.#failure);
      this.#queue.push({ events, perform, resolve, reject });
      this.#flushing ??= this.#flush();
    });
  }

  /** The state inside the present transaction, and the way to change it. */
  get state(): StoreState {
    return this.#state!;
  }

  set state(state: StoreState) {
    this.#state = state;
  }

  /** Reads what is committed: waits while a transaction is open over several turns. Refuses after `end` or a failed disk. */
  read<T>(perform: () => T): Promise<T> {
    return this.#connection.patiently(
      () => this.#connection.snapshot(perform),
      async () => {
        while (this.#transaction !== null) await this.#transaction;
        if (this.#failure !== null) throw this.#failure;
      },
    );
  }

  /** Resolves when everything that was asked for is settled; then refuses further writes. */
  async end(): Promise<void> {
    while (this.#flushing !== null) await this.#flushing;
    this.#failure ??= new Error('internal error: the store is closed');
    await this.#writeAhead.end();
  }

  async #flush(): Promise<void> {
    // All writes of the present turn get into the first transaction.
    await nextTurn();
    while (this.#queue.length > 0) {
      await this.#flushOnce();
      await nextTurn();
      if (this.#writeAhead.look()) await nextTurn();
    }
    this.#flushing = null;
  }

  async #flushOnce(): Promise<void> {
    const performed: { readonly write: Write; readonly value?: unknown; readonly refusal?: unknown }[] = [];
    let open = (): void => {};
    let events = 0;
    try {
      await this.#writeAhead.room();
      await this.#connection.patiently(() => this.#connection.statement('begin immediate').run());
      this.#transaction = new Promise((resolve) => {
        open = resolve;
      });
      this.#begin();
      const startedAt = elapsedMs();
      do {
        const write = this.#queue.shift()!;
        try {
          let value = write.perform(true);
          while (value === MORE) {
            await nextTurn();
            value = write.perform(false);
          }
          performed.push({ write, value });
        } catch (error) {
          performed.push({ write, refusal: error });
          if (!isRefusal(error)) throw error;
        }
        events += write.events;
      } while (this.#fits(events) && elapsedMs() - startedAt < FLUSH_MAX_MS);
      if (events >= TURNS_EVENTS_MIN) await nextTurn();
      if (performed.some(({ refusal }) => refusal === undefined)) this.#commit();
      else this.#undo();
    } catch (error) {
      this.#undo();
      if (isFull(error) && this.#makeRoom()) {
        this.#queue.unshift(...performed.map(({ write }) => write));
        return;
      }
      const failure = explained(error, this.#connection.file);
      if (isFatal(error)) this.#failure = failure;
      const failed = performed.length > 0 ? performed.map(({ write }) => write) : this.#queue.splice(0);
      if (this.#failure !== null) failed.push(...this.#queue.splice(0));
      for (const { reject } of failed) reject(failure);
      return;
    } finally {
      this.#transaction = null;
      open();
    }
    if (events >= TURNS_EVENTS_MIN) await nextTurn();
    for (const { write, value, refusal } of performed) {
      if (refusal === undefined) write.resolve(value as never);
      else write.reject(refusal);
    }
    this.#onCommit(this.#heads.committed());
  }

  #fits(events: number): boolean {
    const next = this.#queue[0];
    return next !== undefined && events + next.events <= FLUSH_EVENTS_MAX;
  }

  #begin(): void {
    if (this.#heads.refresh() || this.#state === null) this.#state = readState(this.#connection);
  }

  #commit(): void {
    this.#heads.write();
    const { events, last } = this.#heads.appended;
    const state = this.#state!;
    this.#state = {
      ...state,
      commits: state.commits + 1,
      events: state.events + events,
      ...last,
    };
    writeState(this.#connection, this.#state);
    this.#connection.statement('commit').run();
    try {
      this.#mark.write(this.#state);
    } catch {
      // The commit is durable; a mark that stays behind only notices less.
    }
  }

  #undo(): void {
    this.#connection.rollback();
    this.#heads.forget();
    this.#state = null;
  }
}

/** Found by a write's own checks before it wrote: concerns that write alone. */
function isRefusal(error: unknown): boolean {
  return error instanceof ConflictError || error instanceof FencedError || error instanceof DamageError;
}
