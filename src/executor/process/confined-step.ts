import type { ExecutorJob, StepProcess, StepSpec } from '../contract.ts';

/** A step and, in the words of confine.pl, what its process is brought into before its program runs. */
export interface ConfinedStepSpec extends StepSpec {
  readonly confinement?: readonly string[];
  /** How long to wait for its end before its output is followed, when it is not the least that a process takes. */
  readonly shortMs?: number;
}

/** A job whose steps can be confined, each in its own way. */
export interface ConfinedJob extends ExecutorJob {
  start(step: ConfinedStepSpec): Promise<StepProcess>;
}
