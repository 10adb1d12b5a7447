import { setImmediate } from 'node:timers/promises';
import type { Clock } from '../../base/port.ts';

/** Short enough that a terminal or a log does not stutter, long enough that giving way costs nothing. */
const SLICE_MS = 12;

/**
 * Work in slices: file calls are made synchronously, which takes a third of what promises take for small files, and the event
 * loop gets its turn between slices. `isOver()` after each piece of work, and `await next()` when it is.
 */
export class Slices {
  readonly #clock: Clock;
  #startedAtMs: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#startedAtMs = clock.monotonic();
  }

  isOver(): boolean {
    return this.#clock.monotonic() - this.#startedAtMs > SLICE_MS;
  }

  async next(): Promise<void> {
    await setImmediate();
    this.#startedAtMs = this.#clock.monotonic();
  }
}
