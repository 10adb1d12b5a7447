import { incompleteBeta } from './gamma.ts';

/** Beyond so many trials the exact distribution is not worth its time. */
const EXACT_TRIALS_MAX = 1_000_000;

/** P(X <= count) for X binomial with so many trials and that probability. Exact up to a million trials, else normal. */
export function binomialAtMost(count: number, trials: number, probability: number): number {
  if (count < 0) return 0;
  if (count >= trials) return 1;
  if (trials <= EXACT_TRIALS_MAX) return 1 - incompleteBeta(probability, count + 1, trials - count);
  const mean = trials * probability;
  return normalAtMost((count + 0.5 - mean) / Math.sqrt(mean * (1 - probability)));
}

/** P(Z <= z) for a standard normal Z. Source: Abramowitz and Stegun 26.2.17, wrong by less than 1e-7. */
export function normalAtMost(z: number): number {
  const t = 1 / (1 + 0.2316419 * Math.abs(z));
  const series =
    t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  const tail = (Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)) * series;
  return z >= 0 ? 1 - tail : tail;
}
