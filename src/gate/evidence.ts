import type { ReportKind } from '../pipeline/plan-report.ts';
import type { Facts } from './facts/facts.ts';

/** All that a gate may look at: what the jobs of a run left behind, and what Sluice measured itself. Plain data. */
export interface Evidence {
  /** Commit that the run is of; null when it is no repository. */
  readonly commit: string | null;
  /** When the run began; a report that is older was not made by it. null: not known, so age is not looked at. */
  readonly beganAtMs: number | null;
  readonly reports: readonly ReportEvidence[];
  readonly broken: readonly BrokenReport[];
  /** Every job that the gate looks at. */
  readonly jobs: readonly JobEvidence[];
  /** What Sluice measured, by the name of the metric (`build.duration_ms`). No report can overwrite these. */
  readonly figures: Readonly<Record<string, Figure>>;
}

/** A report that was read. */
export interface ReportEvidence {
  readonly facts: Facts;
  readonly job: string;
  /** Commit that it was made of. */
  readonly commit: string | null;
  /** When its file was last written. */
  readonly writtenAtMs: number | null;
}

/** A report that should be there and says nothing: no file, no report, cut off. */
export interface BrokenReport {
  readonly job: string;
  /** As the user would name it: the file, or the globs that found none. */
  readonly file: string;
  /** null: it may be of any kind. */
  readonly kind: ReportKind | 'istanbul-summary' | null;
  /** `report-absent`, or the code of the ReportError. */
  readonly code: string;
  /** One sentence without a full stop: the cause. */
  readonly message: string;
  readonly line: number | null;
}

export interface JobEvidence {
  readonly id: string;
  readonly outcome: 'succeeded' | 'warned' | 'failed' | 'cancelled' | 'skipped' | 'errored';
  /** Kinds of the reports that it declares; null in it: told by the file. */
  readonly kinds: readonly (ReportKind | null)[];
  /** Why this change does not concern the job, such as paths that it leaves alone; null: it concerns it. */
  readonly notApplicable: string | null;
}

export interface Figure {
  readonly value: number;
  /** How many things it was measured on; null when that means nothing. */
  readonly sample: number | null;
}

/** The evidence of the change, and of the commit of the target branch that it is compared with. */
export interface FactsOfChange {
  readonly head: Evidence;
  /** null: there is none. */
  readonly base: Evidence | null;
}
