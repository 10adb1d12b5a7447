import { binomialAtMost } from './binomial.ts';
import { logMeanExp } from './log-mean.ts';
import { canaryShare, shareOfErrors, type TwoArms } from './ratio-test.ts';

/*
 * Windows, not requests, as the unit of evidence: a burst of errors within one window counts once. A window is a plus when the
 * canary's rate is above the baseline's (or above the limit), else a minus. With q the chance of a plus when nothing is wrong, the
 * e-process mixes likelihood ratios whose odds of a plus are rho times those of q:
 *
 *   plus: rho / (1 + q (rho - 1))        minus: 1 / (1 + q (rho - 1))
 *
 * Its mean is at most 1 as long as a plus is no likelier than q. For versions of equal traffic q is 1/2 whatever the spread of
 * their rates, and this is the mixture over theta = 0.6, 0.65 ... 0.95, of which seven windows are the least (2^7 > 100). For
 * unequal traffic q depends on the spread; the larger of two is taken: no spread at all, and rates that vary exponentially
 * from window to window (CV^2 = 1), each version's by itself.
 */

const THETAS = [0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95] as const;
const ODDS = THETAS.map((theta) => theta / (1 - theta));

/** Points at which the distribution of a varying rate is looked at: the middles of equally likely parts. */
const PARTS = Array.from({ length: 16 }, (_, part) => (part + 0.5) / 16);

/** One logarithm for each of the odds. */
export type SignState = readonly number[];

export const SIGN_START: SignState = ODDS.map(() => 0);

/** The state after a window of both versions. One without hits says nothing. */
export function addSignOfArms(state: SignState, arms: TwoArms): SignState {
  const trials = arms.canaryHits + arms.baselineHits;
  if (trials === 0) return state;
  const share = canaryShare(arms);
  // The quotient of two exponential rates has the quantiles u / (1 - u).
  const bursts = PARTS.map((part) => shareOfErrors(part / (1 - part), share));
  return addSign(state, arms.canaryHits, trials, share, bursts);
}

/** The state after a window that is held against a limit. */
export function addSignOfLimit(state: SignState, limit: number, trials: number, hits: number): SignState {
  const bursts = PARTS.map((part) => Math.min(1, -limit * Math.log1p(-part)));
  return addSign(state, hits, trials, limit, bursts);
}

/** ln E that pluses are more frequent than by chance. */
export function lnSign(state: SignState): number {
  return logMeanExp(state);
}

function addSign(
  state: SignState,
  hits: number,
  trials: number,
  probability: number,
  bursts: readonly number[],
): SignState {
  const most = Math.floor(trials * probability);
  const above = (chance: number): number => 1 - binomialAtMost(most, trials, chance);
  const spread = bursts.reduce((sum, chance) => sum + above(chance), 0) / bursts.length;
  const plus = Math.max(above(probability), spread);
  return state.map((log, index) => {
    const odds = ODDS[index]!;
    return log + (hits > most ? Math.log(odds) : 0) - Math.log1p(plus * (odds - 1));
  });
}
