import { lnGamma } from './gamma.ts';

/*
 * Does the router send what its weight says? The multinomial test of Lindon and Malek (2022) on counts of *requests*:
 *
 *   E = Gamma(k) / Gamma(k + n) * prod Gamma(k theta_i + x_i) / Gamma(k theta_i) / prod theta_i^(x_i)
 *
 * for counts x_i of arms with shares theta_i, n in all, and a concentration k. It is two-sided and anytime-valid.
 */

/** ln E that arms do not have these shares. `shares` are above 0 and add up to 1; `counts` are as many. */
export function lnSplit(counts: readonly number[], shares: readonly number[], concentration: number): number {
  const total = counts.reduce((sum, count) => sum + count, 0);
  let log = lnGamma(concentration) - lnGamma(concentration + total);
  for (const [index, count] of counts.entries()) {
    const share = shares[index]!;
    log += lnGamma(concentration * share + count) - lnGamma(concentration * share) - count * Math.log(share);
  }
  return log;
}
