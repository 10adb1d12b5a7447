import { incompleteBeta, lnBeta } from '../../../src/delivery/analysis/gamma.ts';

/**
 * ln E of the one-sided Beta(a, b) prior on theta > w, for x canary errors of n in all: the alternative to the grid that has a
 * closed form as long as the share w stays the same.
 */
export function lnTruncatedBeta(x: number, n: number, share: number, a = 1, b = 1): number {
  const above = (alpha: number, beta: number): number =>
    lnBeta(alpha, beta) + Math.log(incompleteBeta(1 - share, beta, alpha));
  return above(a + x, b + n - x) - above(a, b) - x * Math.log(share) - (n - x) * Math.log(1 - share);
}
