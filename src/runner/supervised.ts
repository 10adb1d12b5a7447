import type { Clock } from '../base/port.ts';
import type { StepEnd, StepProcess } from '../executor/contract.ts';
import type { Cause } from '../journal/run-event.ts';

/** How long after SIGKILL an executor may take to tell the end. A process in uninterruptible sleep must not hold a job. */
const END_AFTER_KILL_MS = 10_000;

/** One process from its start to its end, or several one after the other, and the ladder by which it is stopped: TERM, grace, KILL of the whole tree. */
export class Supervised {
  readonly #clock: Clock;
  readonly #killGraceMs: number;
  readonly #stops: Cause[] = [];
  #process: StepProcess | null = null;
  #isOver = false;
  #cancelTimer: (() => void) | null = null;
  #giveUp: ((end: StepEnd) => void) | null = null;

  constructor(clock: Clock, killGraceMs: number) {
    this.#clock = clock;
    this.#killGraceMs = killGraceMs;
  }

  /** Why it was told to stop, in the order of telling. */
  get stops(): readonly Cause[] {
    return this.#stops;
  }

  /** Waits for the end of the process. It may have been told to stop before it was there. `goesOn`: others may follow. */
  async watch(process: StepProcess, goesOn = false): Promise<StepEnd> {
    this.#process = process;
    const gaveUp = new Promise<StepEnd>((resolve) => {
      this.#giveUp = resolve;
    });
    if (this.#stops.length > 0) this.#terminate();
    const end = await Promise.race([process.ended, gaveUp]);
    this.#isOver = !goesOn;
    this.#process = null;
    this.#cancelTimer?.();
    return end;
  }

  /** Asks the process to end; harmless when it is over. */
  stop(cause: Cause): void {
    if (this.#isOver) return;
    this.#stops.push(cause);
    if (this.#stops.length === 1 && this.#process) this.#terminate();
  }

  /** Ends the process without asking. */
  kill(cause: Cause): void {
    if (this.#isOver) return;
    this.#stops.push(cause);
    if (this.#process) this.#kill();
  }

  #terminate(): void {
    void this.#process?.signal('SIGTERM');
    this.#cancelTimer = this.#clock.after(this.#killGraceMs, () => this.#kill());
  }

  #kill(): void {
    this.#cancelTimer?.();
    void this.#process?.signal('SIGKILL');
    this.#cancelTimer = this.#clock.after(END_AFTER_KILL_MS, () => {
      this.#giveUp?.({ exit: { kind: 'lost', reason: 'it did not end after SIGKILL' }, usage: null });
    });
  }
}
