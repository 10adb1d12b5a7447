import type { Clock } from '../../base/port.ts';
import type { ClaimedTask, Task, TaskQueue } from '../contract.ts';

interface QueuedTask extends Task {
  readonly added: number;
  readonly attempt: number;
  /** null when nobody has claimed it. */
  readonly claimedUntilMs: number | null;
  readonly notBeforeMs: number;
}

/** The task queue in memory. */
export class MemoryTasks implements TaskQueue {
  readonly #clock: Clock;
  readonly #tasks = new Map<string, QueuedTask>();
  /** The last attempt of each task that is done, so that a task of the same id does not count from 1 again. */
  readonly #lastAttempts = new Map<string, number>();
  #added = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async enqueue({ id, payload, labels, priority }: Task): Promise<void> {
    if (this.#tasks.has(id)) return;
    this.#added += 1;
    const attempt = this.#lastAttempts.get(id) ?? 0;
    this.#tasks.set(id, {
      id,
      payload,
      labels: [...labels],
      priority,
      added: this.#added,
      attempt,
      claimedUntilMs: null,
      notBeforeMs: 0,
    });
  }

  async claim(
    labels: readonly string[],
    _worker: string,
    ttlMs: number,
    nowMs: number,
  ): Promise<ClaimedTask | null> {
    const offered = new Set(labels);
    const [task] = [...this.#tasks.values()]
      .filter(
        ({ claimedUntilMs, notBeforeMs, labels: needed }) =>
          notBeforeMs <= nowMs &&
          (claimedUntilMs === null || claimedUntilMs <= nowMs) &&
          needed.every((label) => offered.has(label)),
      )
      .sort((a, b) => b.priority - a.priority || a.added - b.added);
    if (task === undefined) return null;
    const attempt = task.attempt + 1;
    this.#tasks.set(task.id, { ...task, attempt, claimedUntilMs: Math.ceil(nowMs + ttlMs) });
    return { id: task.id, payload: task.payload, labels: task.labels, priority: task.priority, attempt };
  }

  async touch(id: string, attempt: number, ttlMs: number, nowMs: number): Promise<boolean> {
    return this.#change(id, attempt, (task) =>
      this.#tasks.set(id, { ...task, claimedUntilMs: Math.ceil(nowMs + ttlMs) }),
    );
  }

  async complete(id: string, attempt: number): Promise<boolean> {
    return this.#change(id, attempt, () => {
      this.#tasks.delete(id);
      this.#lastAttempts.set(id, attempt);
    });
  }

  async fail(id: string, attempt: number, notBeforeMs: number): Promise<boolean> {
    return this.#change(id, attempt, (task) =>
      this.#tasks.set(id, { ...task, claimedUntilMs: null, notBeforeMs: Math.ceil(notBeforeMs) }),
    );
  }

  async waiting(): Promise<number> {
    const now = this.#clock.now();
    return [...this.#tasks.values()].filter(({ claimedUntilMs: until }) => until === null || until <= now)
      .length;
  }

  #change(id: string, attempt: number, change: (task: QueuedTask) => void): boolean {
    const task = this.#tasks.get(id);
    if (task === undefined || task.claimedUntilMs === null || task.attempt !== attempt) return false;
    change(task);
    return true;
  }
}
