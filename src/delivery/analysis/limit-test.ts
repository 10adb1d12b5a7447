import { logMeanExp } from './log-mean.ts';
import { HARM_RATIOS } from './ratio-test.ts';

/*
 * A rate against a fixed limit p0, without a baseline: Wald's likelihood ratios over the same grid as ratio-test.ts:
 *
 *   L_r += x ln r + (n - x) ln((1 - r p0) / (1 - p0))    for the r of the grid with r p0 < 1
 *
 * and ln E = ln of the mean of exp(L_r). For a rate of p0 or less its mean is at most 1, whenever one looks.
 */

/** Shares of the limit whose likelihood against the limit itself proves that the rate is below it. */
const SAFE_SHARES = [0.25, 0.5, 0.75] as const;

export interface LimitState {
  /** L_r of the harmful ratios that keep the rate below 1, then of the safe ones. */
  readonly logs: readonly number[];
}

/** The harmful ratios that a limit leaves room for: those that keep the rate below 1. */
function harmRatios(limit: number): readonly number[] {
  const possible = HARM_RATIOS.filter((ratio) => ratio * limit < 1);
  // A limit of 0.8 or more leaves none; then one half-way to certainty, so that it can be broken too.
  return possible.length > 0 ? possible : [(1 + 1 / limit) / 2];
}

/** The beginning for a limit, 0 < limit < 1. */
export function startLimit(limit: number): LimitState {
  return { logs: [...harmRatios(limit), ...SAFE_SHARES].map(() => 0) };
}

/** The state after `trials` more, of which `hits` were bad. `phi` >= 1 divides the evidence. */
export function addLimitWindow(
  state: LimitState,
  limit: number,
  trials: number,
  hits: number,
  phi: number,
): LimitState {
  const ratios = [...harmRatios(limit), ...SAFE_SHARES];
  return {
    logs: state.logs.map((log, index) => {
      const ratio = ratios[index]!;
      const good = Math.log1p(-ratio * limit) - Math.log1p(-limit);
      return log + (hits * Math.log(ratio) + (trials - hits) * good) / phi;
    }),
  };
}

/** ln E that the rate is above the limit. */
export function lnOverLimit(state: LimitState): number {
  return logMeanExp(state.logs.slice(0, -SAFE_SHARES.length));
}

/** ln E that the rate is below the limit. */
export function lnUnderLimit(state: LimitState): number {
  return logMeanExp(state.logs.slice(-SAFE_SHARES.length));
}
