/*
 * How few requests could decide, for any method: Wald's bounds on the expected sample of a sequential test.
 */

/** KL(Bernoulli(p) || Bernoulli(q)): the evidence for p against q that one request brings when p is true. 0 < q < 1. */
export function bernoulliDivergence(p: number, q: number): number {
  const part = (a: number, b: number): number => (a === 0 ? 0 : a * Math.log(a / b));
  return part(p, q) + part(1 - p, 1 - q);
}

/**
 * The least expected number of requests after which a rate of `bad` is told from the known rate `good`: ln(1/alpha) / KL for
 * a test that may go on for ever, or with a chance `missed` of overlooking it (Wald 1945).
 */
export function oneArmBound(bad: number, good: number, alpha: number, missed: number | null): number {
  const divergence = bernoulliDivergence(bad, good);
  if (missed === null) return Math.log(1 / alpha) / divergence;
  const needed = (1 - missed) * Math.log((1 - missed) / alpha) + missed * Math.log(missed / (1 - alpha));
  return needed / divergence;
}

/** The least expected number of *canary* requests when the good rate is only known from the baseline beside it. */
export function twoArmBound(bad: number, good: number, share: number, alpha: number): number {
  const mean = share * bad + (1 - share) * good;
  const divergence = share * bernoulliDivergence(bad, mean) + (1 - share) * bernoulliDivergence(good, mean);
  return (share * Math.log(1 / alpha)) / divergence;
}
