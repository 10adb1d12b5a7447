import { isLearnt, phiOfArms, phiOfLimit } from './dispersion.ts';
import type { TriggerEvidence } from './evidence.ts';
import { addLimitWindow, type LimitState, lnOverLimit, lnUnderLimit, startLimit } from './limit-test.ts';
import { logMeanExp } from './log-mean.ts';
import type { Policy, Trigger } from './policy.ts';
import {
  addRatioWindow,
  estimateRatio,
  lnHarm,
  lnSafe,
  RATIO_START,
  type RatioState,
  type TwoArms,
} from './ratio-test.ts';
import { addSignOfArms, addSignOfLimit, lnSign, SIGN_START, type SignState } from './sign-test.ts';
import { QUANTILES, type Quantile, type VersionCounts, type Window } from './window.ts';

/** One metric compared between both versions. */
interface Comparison {
  readonly metric: string;
  readonly ratio: RatioState;
  readonly sign: SignState;
}

/** What one trigger keeps from window to window; plain data of a fixed size. */
export type TriggerState = { readonly name: string; readonly lastDataAtMs: number | null } & (
  | { readonly kind: 'ratio' | 'latency'; readonly comparisons: readonly Comparison[] }
  | { readonly kind: 'limit'; readonly limit: LimitState; readonly sign: SignState }
  | { readonly kind: 'per-window'; readonly inARow: number; readonly isBroken: boolean }
);

/** The beginning of a trigger, before any window. */
export function startTrigger(trigger: Trigger): TriggerState {
  const base = { name: trigger.name, lastDataAtMs: null };
  const comparison = (metric: string): Comparison => ({ metric, ratio: RATIO_START, sign: SIGN_START });
  switch (trigger.kind) {
    case 'ratio':
      return { ...base, kind: 'ratio', comparisons: [comparison(trigger.metric)] };
    case 'latency':
      return { ...base, kind: 'latency', comparisons: QUANTILES.map(comparison) };
    case 'limit':
      return { ...base, kind: 'limit', limit: startLimit(trigger.limit), sign: SIGN_START };
    case 'per-window':
      return { ...base, kind: 'per-window', inARow: 0, isBroken: false };
  }
}

/** A trigger after one more window; the same state when the window holds no data for it. */
export function addToTrigger(
  trigger: Trigger,
  state: TriggerState,
  window: Window,
  atMs: number,
  policy: Policy,
): TriggerState {
  if ('comparisons' in state) {
    const all = state.comparisons.map((comparison) => ({
      comparison,
      arms: armsOf(window, comparison.metric),
    }));
    if (all.some(({ arms }) => arms === null)) return state;
    const signs = needsSign(
      state.comparisons.map(({ metric }) => metric),
      policy,
    );
    const comparisons = all.map(({ comparison, arms }) => compare(comparison, arms!, policy, signs));
    return { ...state, lastDataAtMs: atMs, comparisons };
  }
  if (trigger.kind !== 'limit' && trigger.kind !== 'per-window') return state;
  const counts = countsOf(window.canary, trigger.metric);
  if (counts === null || counts.trials === 0) return state;
  const { trials, hits } = counts;
  if (state.kind === 'per-window') {
    // Each window is looked at as it is, so each one needs its requests.
    if (window.canary.requests < (trigger.requestsMin ?? 0)) return { ...state, lastDataAtMs: atMs };
    const inARow = hits / trials > trigger.limit ? state.inARow + 1 : 0;
    const isBroken = state.isBroken || inARow >= (trigger.kind === 'per-window' ? trigger.windowsInARow : 1);
    return { ...state, lastDataAtMs: atMs, inARow, isBroken };
  }
  const phi = phiOfLimit(policy.dispersion[trigger.metric], trials, trigger.limit);
  const limit = addLimitWindow(state.limit, trigger.limit, trials, hits, phi);
  const sign = needsSign([trigger.metric], policy)
    ? addSignOfLimit(state.sign, trigger.limit, trials, hits)
    : state.sign;
  return { ...state, lastDataAtMs: atMs, limit, sign };
}

/** What a trigger has to say after so many requests of the canary, for the decision and for people. */
export function evidenceOf(
  state: TriggerState,
  trigger: Trigger,
  policy: Policy,
  canaryRequests: number,
): TriggerEvidence {
  const found = foundBy(state, trigger, policy);
  const isTooEarly = found.lnE !== null && canaryRequests < (trigger.requestsMin ?? 0);
  // Never more than 1 until then, and then the E-value as it is: still an E-process at every moment.
  return isTooEarly ? { ...found, lnE: Math.min(0, found.lnE) } : found;
}

function foundBy(state: TriggerState, trigger: Trigger, policy: Policy): TriggerEvidence {
  const { name, lastDataAtMs } = state;
  const share = shareOf(trigger, policy);
  if (state.kind === 'per-window') {
    return {
      name,
      kind: state.kind,
      share,
      lnE: null,
      lnSign: null,
      lnSafe: null,
      ratio: null,
      lastDataAtMs,
    };
  }
  if (state.kind === 'limit') {
    const metric = trigger.kind === 'limit' ? trigger.metric : '';
    return {
      name,
      kind: state.kind,
      share,
      lnE: lnOverLimit(state.limit),
      lnSign: needsSign([metric], policy) ? lnSign(state.sign) : null,
      lnSafe: lnUnderLimit(state.limit),
      ratio: null,
      lastDataAtMs,
    };
  }
  const { comparisons } = state;
  const metrics = comparisons.map(({ metric }) => metric);
  return {
    name,
    kind: state.kind,
    share,
    lnE: logMeanExp(comparisons.map(({ ratio }) => lnHarm(ratio))),
    lnSign: needsSign(metrics, policy) ? logMeanExp(comparisons.map(({ sign }) => lnSign(sign))) : null,
    // A proof must hold for every threshold, so the weakest one counts.
    lnSafe: Math.min(...comparisons.map(({ ratio }) => lnSafe(ratio, policy.notWorseThan))),
    ratio: comparisons.length === 1 ? estimateRatio(comparisons[0]!.ratio, policy.alpha) : null,
    lastDataAtMs,
  };
}

/** What part of alpha belongs to a trigger; the raw form has none. */
function shareOf(trigger: Trigger, { triggers }: Policy): number {
  const weightOf = (one: Trigger): number => (one.kind === 'per-window' ? 0 : (one.weight ?? 1));
  const all = triggers.reduce((sum, one) => sum + weightOf(one), 0);
  return all > 0 ? weightOf(trigger) / all : 0;
}

/** Counts of a metric in both versions; null when one of them has none, since then nothing can be compared. */
export function armsOf(window: Window, metric: string): TwoArms | null {
  const canary = countsOf(window.canary, metric);
  const baseline = countsOf(window.baseline, metric);
  if (!canary?.trials || !baseline?.trials) return null;
  return {
    canaryTrials: canary.trials,
    canaryHits: canary.hits,
    baselineTrials: baseline.trials,
    baselineHits: baseline.hits,
  };
}

/** `signs`: whether the sign test is asked; it costs more than the rest together. */
function compare(comparison: Comparison, arms: TwoArms, policy: Policy, signs: boolean): Comparison {
  const phi = phiOfArms(policy.dispersion[comparison.metric], arms);
  return {
    metric: comparison.metric,
    ratio: addRatioWindow(comparison.ratio, arms, phi, policy.notWorseThan),
    sign: signs ? addSignOfArms(comparison.sign, arms) : comparison.sign,
  };
}

function countsOf(
  counts: VersionCounts,
  metric: string,
): { readonly trials: number; readonly hits: number } | null {
  if (metric === 'errors') return { trials: counts.requests, hits: counts.errors };
  if ((QUANTILES as readonly string[]).includes(metric)) {
    return counts.exceed ? { trials: counts.requests, hits: counts.exceed[metric as Quantile] } : null;
  }
  const { samples } = counts;
  const found = samples && Object.hasOwn(samples, metric) ? samples[metric] : undefined;
  return found ? { trials: found.taken, hits: found.bad } : null;
}

function needsSign(metrics: readonly string[], policy: Policy): boolean {
  return policy.isGuarded && !metrics.every((metric) => isLearnt(policy.dispersion[metric]));
}
