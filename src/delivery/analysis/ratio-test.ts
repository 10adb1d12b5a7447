import { logMeanExp } from './log-mean.ts';

/*
 * The error rate of two versions, judged anytime-valid by a grid mixture of likelihood ratios.
 *
 * Of the requests that failed, each was a canary one with probability theta(r, w) = w r / (w r + 1 - w), where w is the
 * canary's share of the requests and r = (canary's rate) / (baseline's rate). The common level of errors cancels, so an outage
 * that hits both versions is no evidence. For each ratio r of a grid, the logarithm of the likelihood ratio against r = 1 is
 *
 *   L_r += x ln(theta(r, w) / w) + y ln((1 - theta(r, w)) / (1 - w)) = x ln r - (x + y) ln(1 + w (r - 1))
 *
 * with x failed canary requests and y failed baseline requests of a window. ln E = ln of the mean of exp(L_r). Under every
 * r <= 1 the mean of E is at most 1, so it ever reaches 1/alpha with probability alpha at most (Ville 1939), however often one
 * looks. With a router that deals in turns the window's observed share is right: sampling without replacement is dominated by
 * the binomial in convex order (Hoeffding 1963).
 */

/** How many times worse a canary may be for which the test looks; each has the same weight. */
export const HARM_RATIOS = [1.25, 1.5, 2, 3, 4, 6, 8, 12, 16, 24, 32] as const;

/** Ratios that speak for a safe canary, where they are below what is to be excluded. */
const SAFE_RATIOS: readonly number[] = [0.25, 0.5, 0.75, 1];

/** Every ratio whose logarithm is kept, in order: those of harm, those of safety, and the ends that an interval may have. */
const RATIOS: readonly number[] = [1 / 32, 1 / 16, 1 / 8, 0.25, 0.5, 0.75, 1, ...HARM_RATIOS, 64];
const LN_RATIOS = RATIOS.map(Math.log);
const FIRST_HARM = RATIOS.indexOf(HARM_RATIOS[0]);

/** Plain data that stays the same size however many windows there were. */
export interface RatioState {
  /** L_r for each of `RATIOS`. */
  readonly logs: readonly number[];
  /** L_r for r = `notWorseThan`, the ratio that a proof of safety excludes. */
  readonly logAtWorse: number;
  /** Sums of the Mantel-Haenszel estimate of r: of x n_b / n and of y n_c / n over the windows. */
  readonly above: number;
  readonly below: number;
}

/** What one window says of one metric in both versions. */
export interface TwoArms {
  readonly canaryTrials: number;
  readonly canaryHits: number;
  readonly baselineTrials: number;
  readonly baselineHits: number;
}

export const RATIO_START: RatioState = { logs: RATIOS.map(() => 0), logAtWorse: 0, above: 0, below: 0 };

/** The canary's share of the requests of a window; both versions must have some. */
export function canaryShare(arms: TwoArms): number {
  return arms.canaryTrials / (arms.canaryTrials + arms.baselineTrials);
}

/** The share of the failed requests that are canary ones when its rate is `ratio` times the baseline's. */
export function shareOfErrors(ratio: number, share: number): number {
  return ratio === Number.POSITIVE_INFINITY ? 1 : (share * ratio) / (share * ratio + 1 - share);
}

/**
 * The state after one more window. `phi` >= 1 divides the window's evidence (see dispersion.ts). Both versions must have had
 * requests.
 */
export function addRatioWindow(
  state: RatioState,
  arms: TwoArms,
  phi: number,
  notWorseThan: number,
): RatioState {
  const share = canaryShare(arms);
  const total = arms.canaryTrials + arms.baselineTrials;
  const increment = (ratio: number, lnRatio: number): number =>
    (arms.canaryHits * lnRatio - (arms.canaryHits + arms.baselineHits) * Math.log1p(share * (ratio - 1))) /
    phi;
  return {
    logs: state.logs.map((log, index) => log + increment(RATIOS[index]!, LN_RATIOS[index]!)),
    logAtWorse: state.logAtWorse + increment(notWorseThan, Math.log(notWorseThan)),
    above: state.above + arms.canaryHits * (arms.baselineTrials / total),
    below: state.below + arms.baselineHits * (arms.canaryTrials / total),
  };
}

/** ln E that the canary is worse: the figure that is compared with ln(1/alpha). */
export function lnHarm(state: RatioState): number {
  return logMeanExp(state.logs.slice(FIRST_HARM, FIRST_HARM + HARM_RATIOS.length));
}

/**
 * ln E that the canary is less than `notWorseThan` times worse: the mean likelihood ratio of the safe ratios against that
 * one. Exact where requests are routed at random, an approximation for rare errors where they are dealt in turns.
 */
export function lnSafe(state: RatioState, notWorseThan: number): number {
  const safe = SAFE_RATIOS.filter((ratio) => ratio < notWorseThan);
  return logMeanExp(safe.map((ratio) => state.logs[RATIOS.indexOf(ratio)]! - state.logAtWorse));
}

export interface RatioEstimate {
  /** How many times the baseline's rate the canary's is, by Mantel and Haenszel over the windows; null: no telling. */
  readonly ratio: number | null;
  /** Ends of an interval that holds the true ratio, at all times at once, with probability 1 - alpha; null: no such end. */
  readonly low: number | null;
  readonly high: number | null;
}

/**
 * The canary's relative rate with its confidence sequence: all r0 with (mean of exp(L_r)) / exp(L_r0) < 1/alpha. L is
 * concave in ln r, so these are an interval; its ends are rounded outward to the ratios that are kept.
 */
export function estimateRatio(state: RatioState, alpha: number): RatioEstimate {
  const mixture = logMeanExp(state.logs);
  const isPossible = state.logs.map((log) => mixture - log < Math.log(1 / alpha));
  const first = isPossible.indexOf(true);
  const last = isPossible.lastIndexOf(true);
  const ratio = state.below > 0 ? state.above / state.below : null;
  return {
    ratio,
    low: first > 0 ? RATIOS[first - 1]! : null,
    high: last >= 0 && last < RATIOS.length - 1 ? RATIOS[last + 1]! : null,
  };
}
