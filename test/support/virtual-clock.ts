import type { Clock } from '../../src/base/port.ts';

/** Time that only moves when the test says so. */
export class VirtualClock implements Clock {
  #now = 1_700_000_000_000;
  #monotonic = 0;
  #timers: { due: number; callback: () => void }[] = [];

  now(): number {
    return this.#now;
  }

  monotonic(): number {
    return this.#monotonic;
  }

  after(delayMs: number, callback: () => void): () => void {
    const timer = { due: this.#monotonic + delayMs, callback };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  /** How long until something comes due; null: nothing is waited for. */
  nextMs(): number | null {
    const dues = this.#timers.map(({ due }) => due);
    return dues.length === 0 ? null : Math.max(0, Math.min(...dues) - this.#monotonic);
  }

  /** Moves both clocks on and calls what comes due, in order. */
  advance(ms: number): void {
    const end = this.#monotonic + ms;
    for (;;) {
      const next = this.#timers.filter((timer) => timer.due <= end).sort((a, b) => a.due - b.due)[0];
      if (!next) break;
      this.#timers = this.#timers.filter((timer) => timer !== next);
      this.#move(next.due - this.#monotonic);
      next.callback();
    }
    this.#move(end - this.#monotonic);
  }

  /** Somebody sets the wall clock; what is measured does not notice. */
  jump(ms: number): void {
    this.#now += ms;
  }

  #move(ms: number): void {
    this.#now += ms;
    this.#monotonic += ms;
  }
}
