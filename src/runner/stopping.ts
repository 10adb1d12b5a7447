import type { Clock } from '../base/port.ts';
import type { Cause } from '../journal/run-event.ts';
import type { JobControl } from './contract.ts';
import type { JobState } from './job-state.ts';
import { Supervised } from './supervised.ts';
import { timeLeft } from './time-left.ts';

/** Clean-up steps go on when the job is told to stop; the others end. */
export type Phase = 'main' | 'cleanup';

/**
 * What stops an attempt and its steps: cancellation, the job's timeout, its silence watchdog, and the grace that clean-up
 * has after a stop. It knows the processes that run and nothing of the order of steps.
 */
export class Stopping {
  readonly #clock: Clock;
  readonly #state: JobState;
  readonly #killGraceMs: number;
  readonly #running = new Map<string, { readonly supervised: Supervised; readonly phase: Phase }>();
  readonly #stepStops = new Map<string, Cause>();
  /** Calls that end a waiting time early. */
  readonly #wakers = new Set<() => void>();
  #activityMs = 0;
  /** null: not stopped yet, or no step has run since. */
  #graceIsOver: boolean | null = null;
  #cancelTimeout = () => {};
  #cancelSilence = () => {};
  #cancelGraceTimer = () => {};

  /** `killGraceMs`: between SIGTERM and SIGKILL. */
  constructor(clock: Clock, state: JobState, killGraceMs: number) {
    this.#clock = clock;
    this.#state = state;
    this.#killGraceMs = killGraceMs;
  }

  /** From here on the attempt can be stopped. */
  open(control: JobControl): void {
    control.onCancel((cause) => this.#stop(cause));
    control.onCancelStep((step, cause) => this.stopStep(step, cause));
    const { message } = this.#state;
    const { timeoutMs, silenceTimeoutMs } = message.job;
    const leftMs = message.resumed ? timeLeft(this.#clock, timeoutMs, message.startedAtMs) : timeoutMs;
    this.#cancelTimeout = this.#clock.after(leftMs, () => {
      this.#stop({ kind: 'timeout', scope: 'job', limitMs: timeoutMs });
    });
    if (silenceTimeoutMs !== null) this.#watchSilence(silenceTimeoutMs);
  }

  /** The steps proper are over; clean-up has no part in the job's timeout. */
  endMain(): void {
    this.#cancelTimeout();
  }

  /** No timer is left behind. */
  close(): void {
    this.#cancelTimeout();
    this.#cancelSilence();
    this.#cancelGraceTimer();
  }

  /** A try of a step begins. What was told to stop before it was there stops as soon as it is. */
  enter(step: string, phase: Phase): Supervised {
    const supervised = new Supervised(this.#clock, this.#killGraceMs);
    this.#running.set(step, { supervised, phase });
    const asked = this.#stepStops.get(step);
    if (asked) supervised.stop(asked);
    this.noteActivity();
    return supervised;
  }

  leave(step: string): void {
    this.#running.delete(step);
  }

  get isAnyRunning(): boolean {
    return this.#running.size > 0;
  }

  /** Whether nothing more of the step may begin: it or the whole job was told to stop. */
  isStopped(step: string): boolean {
    return this.#state.isStopped || this.#stepStops.has(step);
  }

  /** Why this step alone was told to stop, or null. */
  stepCause(step: string): Cause | null {
    return this.#stepStops.get(step) ?? null;
  }

  get graceIsOver(): boolean {
    return this.#graceIsOver === true;
  }

  /** From the first step that runs after a stop on, what is left has `cleanupGraceMs` in all. */
  startGrace(): void {
    if (this.#graceIsOver !== null) return;
    this.#graceIsOver = false;
    const limitMs = this.#state.message.job.cleanupGraceMs;
    this.#cancelGraceTimer = this.#clock.after(limitMs, () => {
      this.#graceIsOver = true;
      for (const { supervised } of this.#running.values())
        supervised.kill({ kind: 'timeout', scope: 'step', limitMs });
    });
  }

  /** Waits, but not beyond a stop of the job or of any step of it. */
  pause(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        cancel();
        this.#wakers.delete(done);
        resolve();
      };
      const cancel = this.#clock.after(delayMs, done);
      this.#wakers.add(done);
    });
  }

  /** To be called at each piece of output; for the silence watchdog. */
  readonly noteActivity = (): void => {
    this.#activityMs = this.#clock.monotonic();
  };

  #stop(cause: Cause): void {
    const isFirst = !this.#state.isStopped;
    this.#state.noteStop(cause);
    for (const { supervised, phase } of this.#running.values()) {
      if (phase === 'main') supervised.stop(cause);
      else if (isFirst) this.startGrace();
    }
    for (const wake of this.#wakers) wake();
  }

  /** Tells one step to stop, also one that has not begun. */
  stopStep(step: string, cause: Cause): void {
    if (this.#stepStops.has(step)) return;
    this.#stepStops.set(step, cause);
    this.#running.get(step)?.supervised.stop(cause);
    for (const wake of this.#wakers) wake();
  }

  /** One timer that looks again when the silence could be over the limit, instead of one armed anew at each output. */
  #watchSilence(limitMs: number): void {
    const look = (): void => {
      const isWaiting = ![...this.#running.values()].some(({ phase }) => phase === 'main');
      if (isWaiting) this.noteActivity();
      const leftMs = this.#activityMs + limitMs - this.#clock.monotonic();
      if (leftMs <= 0) this.#stop({ kind: 'silence', limitMs });
      else this.#cancelSilence = this.#clock.after(leftMs, look);
    };
    this.#cancelSilence = this.#clock.after(limitMs, look);
  }
}
