import { binomialAtMost } from './binomial.ts';
import { bernoulliDivergence } from './divergence.ts';
import { addRatioWindow, lnHarm, RATIO_START, shareOfErrors, type TwoArms } from './ratio-test.ts';

/** Traffic that is foreseen, and how it would be judged. */
export interface Foreseen {
  /** The canary's share of the requests, between 0 and 1. */
  readonly share: number;
  /** The baseline's error rate. */
  readonly baselineRate: number;
  readonly alpha: number;
  /** The part of alpha that this trigger has; the others are taken to say nothing, which errs towards more requests. */
  readonly partOfAlpha: number;
}

/** Numbers of baseline errors that are looked at one by one; beyond that, groups of them. */
const STEPS_MAX = 64;
const REQUESTS_MAX = 1e9;
const RATIO_MAX = 1e6;

/**
 * The chance that a canary that is `ratio` times worse is found by so many canary requests. Counted at the end of the sample
 * only, so the true chance, with looks on the way, is a little higher.
 */
export function power(foreseen: Foreseen, canaryRequests: number, ratio: number): number {
  const { share, baselineRate } = foreseen;
  const canaryTrials = Math.floor(canaryRequests);
  const baselineTrials = Math.round((canaryTrials * (1 - share)) / share);
  if (canaryTrials < 1 || baselineTrials < 1) return 0;
  const canaryRate = Math.min(1, ratio * baselineRate);
  const mean = baselineTrials * baselineRate;
  const spread = 6 * Math.sqrt(mean) + 6;
  const first = Math.max(0, Math.floor(mean - spread));
  const last = Math.min(baselineTrials, Math.ceil(mean + spread));
  const step = Math.ceil((last - first + 1) / STEPS_MAX);
  let chance = 0;
  let below = binomialAtMost(first - 1, baselineTrials, baselineRate);
  for (let from = first; from <= last; from += step) {
    // The group's most errors stand for all of it: that needs the most canary errors.
    const baselineHits = Math.min(last, from + step - 1);
    const upTo = binomialAtMost(baselineHits, baselineTrials, baselineRate);
    const needed = hitsNeeded(foreseen, { canaryTrials, baselineTrials, baselineHits });
    if (needed !== null)
      chance += (upTo - below) * (1 - binomialAtMost(needed - 1, canaryTrials, canaryRate));
    below = upTo;
  }
  return chance;
}

/** The smallest ratio of error rates that so many canary requests find with `chance`; null when they find none. */
export function smallestHarm(foreseen: Foreseen, canaryRequests: number, chance = 0.9): number | null {
  const worst = Math.min(RATIO_MAX, 1 / foreseen.baselineRate);
  if (!(worst > 1) || power(foreseen, canaryRequests, worst) < chance) return null;
  let [low, high] = [1, worst];
  while (high / low > 1.005) {
    const middle = Math.sqrt(low * high);
    if (power(foreseen, canaryRequests, middle) >= chance) high = middle;
    else low = middle;
  }
  return high;
}

/** Canary requests by which a canary that is `ratio` times worse is found with `chance`; null when a billion are too few. */
export function requestsToHarm(foreseen: Foreseen, ratio: number, chance = 0.5): number | null {
  if (!(ratio > 1) || !(foreseen.baselineRate > 0)) return null;
  let high = 1;
  while (power(foreseen, high, ratio) < chance) {
    high *= 2;
    if (high > REQUESTS_MAX) return null;
  }
  let low = high / 2;
  while (high - low > Math.max(1, high / 500)) {
    const middle = Math.floor((low + high) / 2);
    if (power(foreseen, middle, ratio) >= chance) high = middle;
    else low = middle;
  }
  return high;
}

/**
 * Canary requests that prove a canary as good as the baseline to be less than `notWorseThan` times worse, on average:
 * ln(1/alpha) / KL(w || theta(r1, w)) errors. `lnHave` is the evidence that is there already. null without errors to go by.
 */
export function requestsToSafe(foreseen: Foreseen, notWorseThan: number, lnHave = 0): number | null {
  const { share, baselineRate, alpha } = foreseen;
  if (!(baselineRate > 0)) return null;
  const perError = bernoulliDivergence(share, shareOfErrors(notWorseThan, share));
  const errors = Math.max(0, Math.log(1 / alpha) - lnHave) / perError;
  return Math.ceil((errors * share) / baselineRate);
}

/**
 * How long it takes until harm is found with `chance`, at a rate of requests for both versions together. Milliseconds; null
 * when it cannot be found.
 */
export function timeToHarmMs(
  foreseen: Foreseen,
  ratio: number,
  requestsPerSecond: number,
  chance = 0.5,
): number | null {
  const requests = requestsToHarm(foreseen, ratio, chance);
  if (requests === null || !(requestsPerSecond > 0)) return null;
  return Math.ceil((requests / (requestsPerSecond * foreseen.share)) * 1000);
}

/** The fewest canary errors that raise the alarm beside so many baseline ones; null when even all requests would not. */
function hitsNeeded(foreseen: Foreseen, arms: Omit<TwoArms, 'canaryHits'>): number | null {
  const alarm = Math.log(1 / (foreseen.partOfAlpha * foreseen.alpha));
  const raises = (canaryHits: number): boolean =>
    lnHarm(addRatioWindow(RATIO_START, { ...arms, canaryHits }, 1, 2)) >= alarm;
  if (!raises(arms.canaryTrials)) return null;
  let [low, high] = [0, arms.canaryTrials];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (raises(middle)) high = middle;
    else low = middle;
  }
  return high;
}
