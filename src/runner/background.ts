import type { StepControl } from '../pipeline/plan-workflow.ts';
import type { StepFinished } from './contract.ts';
import type { JobState } from './job-state.ts';

/** GitHub's own: further ones wait until one of them is over. */
const RUNNING_MAX = 10;

interface Begun {
  readonly id: string;
  /** Rejects when what becomes of it could not be recorded. */
  readonly over: Promise<void>;
  /** Set when it is over. */
  finished: StepFinished | null;
  /** What it left is there for the steps behind. */
  isTaken: boolean;
  /** Its failure counts. */
  isCounted: boolean;
}

/**
 * The steps of an attempt that run while others do. What one leaves, and whether it failed, is known to the job from a step on
 * that waits for it, and at the latest when all steps are over.
 */
export class Background {
  readonly #state: JobState;
  /** By id in lower case. */
  readonly #begun = new Map<string, Begun>();
  readonly #waiting: (() => void)[] = [];
  #free = RUNNING_MAX;

  constructor(state: JobState) {
    this.#state = state;
  }

  /** A place among those that run at the same time. Resolves to the call that gives it up. */
  async place(): Promise<() => void> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      const next = this.#waiting.shift();
      if (next) next();
      else this.#free++;
    };
  }

  /** A step begins. `perform` tells what becomes of it by `note`. */
  begin(id: string, perform: () => Promise<void>): void {
    const over = perform();
    // Whoever waits for it sees the failure.
    over.catch(() => {});
    const begun = this.#begun.get(id.toLowerCase());
    const finished = begun?.finished ?? null;
    this.#begun.set(id.toLowerCase(), { id, over, finished, isTaken: false, isCounted: false });
  }

  /** A step is over. */
  note(finished: StepFinished): void {
    const key = finished.step.toLowerCase();
    const begun = this.#begun.get(key);
    if (begun) begun.finished = finished;
    // It was over before anybody could wait.
    else
      this.#begun.set(key, {
        id: finished.step,
        over: Promise.resolve(),
        finished,
        isTaken: false,
        isCounted: false,
      });
  }

  /** Waits for the steps that a control names, and takes in what they left. Returns the ids of those that failed. */
  async waitFor(control: StepControl): Promise<readonly string[]> {
    const named = this.#named(control);
    await Promise.all(named.map(({ over }) => over));
    for (const one of named) {
      if (one.finished && !one.isTaken) this.#state.noteLeft(one.finished);
      one.isTaken = true;
    }
    return named.filter(({ finished }) => finished && isFailure(finished)).map(({ id }) => id);
  }

  /** The failures of the steps that a control names count from here on. */
  count(control: StepControl): void {
    for (const one of this.#named(control)) {
      if (one.finished && !one.isCounted && !isAskedFor(one.finished)) this.#state.noteOutcome(one.finished);
      one.isCounted = true;
    }
  }

  /** All steps are over: waits for those that nobody waited for. */
  async end(): Promise<void> {
    const all = { kind: 'wait-all' } as const;
    await this.waitFor(all);
    this.count(all);
  }

  #named(control: StepControl): readonly Begun[] {
    if (control.kind === 'wait-all') return [...this.#begun.values()];
    const ids = control.kind === 'wait' ? control.steps : [control.step];
    return ids.flatMap((id) => this.#begun.get(id.toLowerCase()) ?? []);
  }
}

/** By whom a step in the background is cancelled that the step `id` cancels. */
export function cancellingStep(id: string): string {
  return `step ${id}`;
}

/** A step that another one cancelled has done what was wanted of it. */
export function isAskedFor({ outcome, cause }: StepFinished): boolean {
  return outcome === 'cancelled' && cause?.kind === 'cancelled' && cause.by.startsWith('step ');
}

function isFailure(finished: StepFinished): boolean {
  const { outcome } = finished;
  return (outcome === 'failed' || outcome === 'errored' || outcome === 'cancelled') && !isAskedFor(finished);
}
