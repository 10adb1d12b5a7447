import { binomialAtMost, binomialMedian } from './binomial.ts';
import { logMeanExp } from './log-mean.ts';

/*
 * Windows, not requests, as the unit of evidence: a burst of errors within one window counts once. Each window is above or
 * below the median of what its counts would be by chance, which holds whatever the spread of the rates is. The e-process
 * mixes the likelihood ratios of theta = 0.6, 0.65 ... 0.95 against 1/2; it needs seven windows at least (2^7 > 100).
 */

const THETAS = [0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95] as const;

/** One logarithm a theta. */
export type SignState = readonly number[];

export const SIGN_START: SignState = THETAS.map(() => 0);

/**
 * The state after a window in which `hits` of `trials` were the canary's, where each is with probability `probability` when
 * nothing is wrong.
 */
export function addSign(state: SignState, hits: number, trials: number, probability: number): SignState {
  const sign = signOf(hits, trials, probability);
  if (sign === 0) return state;
  return state.map((log, index) => log + Math.log(2 * (sign > 0 ? THETAS[index]! : 1 - THETAS[index]!)));
}

/** ln E that more than half of the windows are above their median. */
export function lnSign(state: SignState): number {
  return logMeanExp(state);
}

/**
 * +1 above the median, -1 below. Being just the median counts for nothing where being above is no likelier than being below,
 * and as below otherwise: so a plus never has more than half of the probability.
 */
function signOf(hits: number, trials: number, probability: number): -1 | 0 | 1 {
  if (trials === 0) return 0;
  const median = binomialMedian(trials, probability);
  if (hits > median) return 1;
  if (hits < median) return -1;
  const below = binomialAtMost(median - 1, trials, probability);
  const above = 1 - binomialAtMost(median, trials, probability);
  return above <= below + 1e-12 ? 0 : -1;
}
