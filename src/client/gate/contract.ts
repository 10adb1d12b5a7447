import type { BypassReview } from '../../gate/bypass.ts';
import type { GateVerdict } from '../../gate/result.ts';
import type { Plan } from '../../pipeline/plan.ts';

/** What gates said, would have said, and left to do. */
export interface Gates {
  /**
   * Judges what earlier runs reported by the gates and waivers of another plan, as at the moment at which they were judged. Newest
   * first. Nothing is written.
   */
  replay(question: ReplayQuestion): Promise<readonly ReplayedRun[]>;
  /** The reviews that emergency bypasses opened, the oldest first. */
  reviews(repository: string): Promise<readonly BypassReview[]>;
  /** Closes a review for good. `text`: what happened, and what follows from it. Refuses with the reason. */
  closeReview(repository: string, bypass: string, text: string): Promise<BypassReview>;
}

export interface ReplayQuestion {
  readonly repository: string;
  /** Name of the pipeline whose runs are looked at. */
  readonly pipeline: string;
  /** Whose gates and waivers judge. */
  readonly policy: Plan;
  /** At most so many runs. */
  readonly limit: number;
}

export interface ReplayedRun {
  readonly runId: string;
  readonly branch: string | null;
  readonly commit: string | null;
  readonly requestedAtMs: number;
  /** Whether gates stopped it. */
  readonly before: 'stopped' | 'passed';
  /** Whether they would have; `unknown`: what it takes to tell is not kept, or never was. */
  readonly after: 'stopped' | 'passed' | 'unknown';
  /** Why it is unknown; null otherwise. */
  readonly because: string | null;
  /** Conditions that would have come to something else, or were not there then or are not now. */
  readonly changes: readonly ReplayedCondition[];
}

export interface ReplayedCondition {
  /** The cell of the gate. */
  readonly gate: string;
  readonly condition: string;
  /** null: it was not judged. */
  readonly before: GateVerdict | null;
  /** null: it is not judged any more. */
  readonly after: GateVerdict | null;
  /** Why, of what would be; of a condition that is gone, of what was. */
  readonly sentence: string;
}
