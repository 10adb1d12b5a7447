import type { AnalysisTrigger, EvidenceSource } from '../pipeline/plan-analysis.ts';
import type { Policy } from './analysis/policy.ts';
import type { OnDoubt } from './plan.ts';

/** By what a release is judged, with every default filled in. Plain data. */
export interface AnalysisPlan {
  readonly policy: Policy;
  readonly intervalMs: number;
  /** Where requests, errors and latencies come from. */
  readonly source: EvidenceSource;
  /** Samples besides those: how each reading becomes good or bad. */
  readonly samples: readonly SampledMetric[];
  /** Asked in each interval; one that fires goes back at once. */
  readonly alarms: readonly AnalysisTrigger[];
  /** What becomes of a step whose check has no data, by the names of triggers; of the others the step's own word holds. */
  readonly onNoData: Readonly<Record<string, OnDoubt>>;
}

/** A metric whose readings are counted as good or bad in `Window.samples`. */
export interface SampledMetric {
  /** Its name in `Window.samples`. */
  readonly metric: string;
  /**
   * `latency`: each request slower than `factor` times the frozen threshold of `quantile` is bad. `health`: each failed probe.
   * `reading`: each reading on the wrong side of the limit. `resource`: each reading of processor or memory above the limit.
   */
  readonly bad:
    | { readonly kind: 'latency'; readonly factor: number; readonly quantile: number }
    | { readonly kind: 'health' }
    | { readonly kind: 'resource'; readonly above: number }
    | { readonly kind: 'above'; readonly limit: number }
    | { readonly kind: 'below'; readonly limit: number }
    | { readonly kind: 'times-baseline'; readonly factor: number };
  readonly source: EvidenceSource | null;
  /** false: it is shown and decides nothing. */
  readonly decides: boolean;
}
