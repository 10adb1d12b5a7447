import type { Trigger } from './policy.ts';

/** A rule as people write it. Rates and shares are fractions: 0.01 is 1 %. */
export type Threshold =
  /** Error rate above a rate, such as 0.01. */
  | { readonly kind: 'error-rate'; readonly above: number }
  /** A quantile of latency, P95 when not said, above so many times the baseline's, such as 3. */
  | { readonly kind: 'p95'; readonly timesBaseline: number; readonly quantile?: number }
  /** Failed health checks above a share of all, such as 0.1. */
  | { readonly kind: 'health'; readonly above: number }
  /** A resource, or any custom metric, that is too high in more than a share of its samples. */
  | { readonly kind: 'samples'; readonly metric: string; readonly badShareMax: number };

/** Of the samples of a resource so many may be too high: one reading alone is no news. */
export const BAD_SHARE_DEFAULT = 0.05;

/**
 * Small beside errors and latency (policy.ts): what is far above a threshold crosses it all the same, and four thresholds
 * together leave the comparison of errors 0.8 of alpha. Without a baseline they share all of it.
 */
const THRESHOLD_WEIGHT = 0.5;

/**
 * The trigger that holds a threshold without crying wolf. `windowsInARow` chooses the raw form instead.
 *
 * P95 > 3x the baseline's means: more than 5 % of the requests are slower than 3x the frozen q95. So the source counts
 * requests above that threshold as samples of the metric `p95`, whatever the quantile, and 5 % is the limit. `health` counts probes, the others
 * readings above what the user named.
 */
export function compileThreshold(threshold: Threshold, windowsInARow: number | null = null): Trigger {
  const { name, metric, limit } = parts(threshold);
  return windowsInARow === null
    ? { kind: 'limit', name, metric, limit, weight: THRESHOLD_WEIGHT }
    : { kind: 'per-window', name, metric, limit, windowsInARow };
}

function parts(threshold: Threshold): {
  readonly name: string;
  readonly metric: string;
  readonly limit: number;
} {
  switch (threshold.kind) {
    case 'error-rate':
      return { name: `error rate > ${percent(threshold.above)}`, metric: 'errors', limit: threshold.above };
    case 'p95': {
      const { timesBaseline, quantile = 0.95 } = threshold;
      const part = Number((quantile * 100).toPrecision(6));
      const limit = Number((1 - quantile).toPrecision(6));
      return { name: `P${part} > ${timesBaseline}x baseline`, metric: 'p95', limit };
    }
    case 'health':
      return {
        name: `health failures > ${percent(threshold.above)}`,
        metric: 'health',
        limit: threshold.above,
      };
    case 'samples':
      return { name: threshold.metric, metric: threshold.metric, limit: threshold.badShareMax };
  }
}

function percent(share: number): string {
  return `${Number((share * 100).toPrecision(6))} %`;
}
