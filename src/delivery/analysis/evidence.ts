import type { RatioEstimate } from './ratio-test.ts';

/** What a trigger has seen so far. */
export interface TriggerEvidence {
  readonly name: string;
  readonly kind: 'ratio' | 'latency' | 'limit' | 'per-window';
  /** Its part of alpha, 0 to 1: its weight in the mean of the E-values. */
  readonly share: number;
  /** ln E that it is harmful; null for the raw form, which has no such thing. */
  readonly lnE: number | null;
  /** ln E of the sign test; null where it need not agree. */
  readonly lnSign: number | null;
  /** ln E that it is safe; null for the raw form. */
  readonly lnSafe: number | null;
  /** How many times the baseline's rate the canary's is; null for triggers without a baseline. */
  readonly ratio: RatioEstimate | null;
  /** When it last had data: milliseconds since 1970; null: never. */
  readonly lastDataAtMs: number | null;
}

/** Why a verdict is what it is: enough to check it by hand. Plain data. */
export interface Evidence {
  /**
   * ln E that the release is harmful: the logarithm of the mean of the E-values of all statistical triggers, weighted by their parts of alpha. With the error
   * rate alone it is exactly its ln E. null when there is no statistical trigger.
   */
  readonly lnE: number | null;
  /** The alarm line, ln(1/alpha), for `lnE` and `lnSafe` alike. */
  readonly alarm: number;
  /** ln E that the release is safe: that of the least safe trigger. */
  readonly lnSafe: number | null;
  readonly triggers: readonly TriggerEvidence[];
  /** What the last window's evidence about errors was divided by; 1 when errors do not come in bursts. */
  readonly phi: number;
  readonly windows: number;
  readonly canary: Totals;
  readonly baseline: Totals;
  readonly present: PresentStep;
  /** ln E that the router does not send what its present weight says (split-test.ts); null without a weight to compare. */
  readonly lnSplit: number | null;
  readonly requestsNeeded: RequestsNeeded;
}

/** What was sent since the router has its present weight. */
export interface PresentStep {
  /** Percent; null when windows do not tell. */
  readonly weight: number | null;
  readonly canaryRequests: number;
  readonly baselineRequests: number;
}

export interface Totals {
  readonly requests: number;
  readonly errors: number;
}

/** How many more canary requests it takes on average, at the last window's share; null: cannot be told. */
export interface RequestsNeeded {
  /** To find a canary harmful that is as bad as this one looks. */
  readonly harm: number | null;
  /** To prove a canary safe whose errors are like the baseline's. */
  readonly safe: number | null;
}
