import type { Dispersion } from './dispersion.ts';

/**
 * What may end a release by itself. A metric is `errors`, a quantile of latency (`q95`: slower than its threshold), or the name
 * of samples that windows carry.
 */
export type Trigger = StatisticalTrigger | PerWindowTrigger;

interface Common {
  readonly name: string;
  /** Until the canary had so many requests it accuses nobody; not said: 0. */
  readonly requestsMin?: number;
  /** That it has no data holds nobody up. */
  readonly mayBeSilent?: boolean;
}

export type StatisticalTrigger = Common & {
  /** Its part of alpha, relative to the other triggers'. Default: 1. */
  readonly weight?: number;
} & (
    | /** The canary's rate is above the baseline's: the grid mixture of ratio-test.ts. */ {
        readonly kind: 'ratio';
        readonly metric: string;
      }
    | /** The canary is slower: the mean of the E-values of all four thresholds, each by ratio-test.ts. */ {
        readonly kind: 'latency';
      }
    | /** The canary's rate is above a limit, 0 < limit < 1: limit-test.ts. */ {
        readonly kind: 'limit';
        readonly metric: string;
        readonly limit: number;
      }
  );

/** The raw form, opt-in: so many windows in a row above the limit. It has no part of alpha; see per-window.ts. */
export interface PerWindowTrigger extends Common {
  readonly kind: 'per-window';
  readonly metric: string;
  readonly limit: number;
  readonly windowsInARow: number;
}

/** How a release is judged. Fixed when the release begins; plain data. */
export interface Policy {
  /** The chance that a good release is ever called harmful. One for the release; all statistical triggers share it. */
  readonly alpha: number;
  /** At least one; names differ. */
  readonly triggers: readonly Trigger[];
  /** Safe means: proven to be less than so many times worse than the baseline. More than 1. */
  readonly notWorseThan: number;
  /** What A/A windows taught, by metric. */
  readonly dispersion: Readonly<Record<string, Dispersion>>;
  /** Whether the sign test must agree with a trigger whose dispersion is not learnt yet. */
  readonly isGuarded: boolean;
  /** Canary requests that the present weight must have seen before anything is called safe. */
  readonly sampleMin: number;
  /** Evidence of a trigger that is older than this is no data. */
  readonly staleAfterMs: number;
}

/**
 * Errors and latency, beside the baseline: what judges a release when nobody says otherwise. Errors are rare, so a larger part
 * of alpha saves the most requests there; latency is told by every request, and a smaller part costs it few.
 */
export const DEFAULT_TRIGGERS: readonly Trigger[] = [
  { kind: 'ratio', name: 'error rate', metric: 'errors', weight: 16 },
  { kind: 'latency', name: 'latency', weight: 2 },
];

export const DEFAULT_POLICY: Policy = {
  alpha: 0.01,
  triggers: DEFAULT_TRIGGERS,
  notWorseThan: 2,
  dispersion: {},
  isGuarded: true,
  sampleMin: 0,
  staleAfterMs: 5 * 60_000,
};
