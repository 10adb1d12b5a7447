import type { NewEvent, StoredEvent } from '../journal/event.ts';

/**
 * The store: journal, leases, durable timers and a task queue. Asynchronous, and made for several processes at once on
 * one store. One contract suite (test/contract/store.contract.ts) is passed by every implementation.
 *
 * Every promise of a write resolves only when the write is durable. Writes of one caller are applied in call order;
 * several may share one flush to the disk.
 */
export interface Store {
  readonly journal: Journal;
  readonly leases: Leases;
  readonly timers: Timers;
  readonly tasks: TaskQueue;
  close(): Promise<void>;
}

/** The writer proves with it that it still owns what it writes to. */
export interface Fence {
  readonly lease: string;
  readonly token: number;
}

export interface Journal {
  /**
   * Appends all events or none. `expectedSequence` is the sequence of the stream's last event as the writer knows it
   * (0 for a new stream).
   * Errors: `ConflictError` when the stream has another head; `FencedError` when the lease has gone to another owner;
   * `DamageError` when the stream's end does not verify.
   */
  append(
    stream: string,
    expectedSequence: number,
    events: readonly NewEvent[],
    fence?: Fence,
  ): Promise<{ readonly sequence: number }>;
  /** Events after `afterSequence` in order, at most `limit`. Each one's hash is verified: damage throws, it is never read as truth. */
  read(stream: string, afterSequence?: number, limit?: number): Promise<readonly StoredEvent[]>;
  /** The last event's sequence, 0 for an unknown stream. */
  head(stream: string): Promise<number>;
  /** Streams whose name begins with `prefix`, newest first by name, at most `limit` (1,000 when not said). */
  streams(prefix: string, limit?: number): Promise<readonly string[]>;
  /**
   * Calls back soon after somebody (this process or another) has appended to the stream; now and then without a reason.
   * Returns the function that ends it.
   */
  watch(stream: string, onChange: () => void): () => void;
  /** Writes a checkpoint over the heads of all streams changed since the last one. */
  checkpoint(): Promise<void>;
  /** Checks every chain, every checkpoint and the high-water mark. Empty means sound. */
  verify(): Promise<readonly Damage[]>;
}

export interface Damage {
  readonly stream: string | null;
  readonly sequence: number | null;
  /** "event 12 of run/x does not match its hash", with the file and what to do. */
  readonly sentence: string;
}

export interface Lease extends Fence {
  readonly expiresAtMs: number;
}

/** Exclusive, time-limited ownership. Tokens of one lease only grow, so that a late owner can be told from the present one. */
export interface Leases {
  /** null when another owner holds it and it has not expired; `holder` of the present one is then in `peek`. */
  acquire(name: string, owner: string, ttlMs: number): Promise<Lease | null>;
  /** false when it was lost meanwhile. */
  renew(lease: Fence, ttlMs: number): Promise<boolean>;
  release(lease: Fence): Promise<void>;
  peek(
    name: string,
  ): Promise<{ readonly owner: string; readonly token: number; readonly expiresAtMs: number } | null>;
  /** Whoever had it last, also when it has expired or was released since. null when nobody ever had it. */
  lastOwner(name: string): Promise<string | null>;
  /** Ends another owner's lease at once; for an owner that is known to be dead. */
  break(name: string, token: number): Promise<void>;
}

export interface DurableTimer {
  readonly id: string;
  readonly dueAtMs: number;
  readonly payload: string;
}

/** Timers that survive a crash. A timer fires at least once; who handles it removes it. */
export interface Timers {
  /** Sets, or moves, the timer. */
  set(timer: DurableTimer): Promise<void>;
  remove(id: string): Promise<void>;
  /** Those that are due, earliest first, at most `limit` (1,000 when not said). */
  due(nowMs: number, limit?: number): Promise<readonly DurableTimer[]>;
  next(): Promise<DurableTimer | null>;
}

export interface Task {
  readonly id: string;
  readonly payload: string;
  /** A worker may claim it when its labels hold all of these. */
  readonly labels: readonly string[];
  readonly priority: number;
}

export interface ClaimedTask extends Task {
  /** Grows with each claim; a late worker's `complete` with an old attempt is refused. */
  readonly attempt: number;
}

/** At-least-once work with fencing by attempt. */
export interface TaskQueue {
  /** A task with an id that is there already is not added again. */
  enqueue(task: Task): Promise<void>;
  /** Highest priority first, then oldest. The claim lapses after `ttlMs` without `touch`. */
  claim(labels: readonly string[], worker: string, ttlMs: number, nowMs: number): Promise<ClaimedTask | null>;
  /** false when the claim has lapsed and was given to another worker, or the task is gone. The same for the two below. */
  touch(id: string, attempt: number, ttlMs: number, nowMs: number): Promise<boolean>;
  complete(id: string, attempt: number): Promise<boolean>;
  /** Gives it back, to be claimed again from `notBeforeMs` on. */
  fail(id: string, attempt: number, notBeforeMs: number): Promise<boolean>;
  /** How many tasks could be claimed now, or later when their time has come. */
  waiting(): Promise<number>;
}

export class ConflictError extends Error {
  readonly actualSequence: number;
  constructor(stream: string, expected: number, actual: number) {
    super(`${stream} is at ${actual}, not at ${expected}`);
    this.name = 'ConflictError';
    this.actualSequence = actual;
  }
}

export class FencedError extends Error {
  constructor(lease: string, token: number, current: number | null) {
    super(`lease ${lease}: token ${token} is stale (now ${current ?? 'released'})`);
    this.name = 'FencedError';
  }
}

/** The store's content contradicts itself. Work that depends on it must stop. */
export class DamageError extends Error {
  readonly damage: readonly Damage[];
  constructor(damage: readonly Damage[]) {
    super(damage.map((one) => one.sentence).join('; '));
    this.name = 'DamageError';
    this.damage = damage;
  }
}
