import { phiOfArms } from './dispersion.ts';
import { bernoulliDivergence } from './divergence.ts';
import type { Evidence, PresentStep, RequestsNeeded, Totals, TriggerEvidence } from './evidence.ts';
import type { Policy } from './policy.ts';
import { requestsToSafe } from './power.ts';
import { canaryShare, shareOfErrors } from './ratio-test.ts';
import {
  harmReason,
  noDataReason,
  noRequestsReason,
  rejectedReason,
  safeReason,
  staleReason,
  undecidedReason,
} from './reason.ts';
import { lnShared } from './shared-alpha.ts';
import { lnSplit } from './split-test.ts';
import { addToTrigger, armsOf, evidenceOf, startTrigger, type TriggerState } from './trigger-state.ts';
import { findWindowProblems, timeOf, type Window } from './window.ts';

/**
 * harm: roll back. safe: proven to be less than `notWorseThan` times worse. undecided: neither. no-data: what came cannot be
 * judged, so nothing may be concluded from it.
 */
export type Verdict = 'harm' | 'safe' | 'undecided' | 'no-data';

/**
 * All that is known about a release after some windows. Plain data of a fixed size: the journal keeps it, and judging goes on
 * from it after a crash. Evidence never begins anew within a release; starting twice and taking the larger doubles alpha.
 */
export interface JudgeState {
  readonly schemaVersion: 1;
  readonly policy: Policy;
  readonly triggers: readonly TriggerState[];
  readonly windows: number;
  readonly canary: Totals;
  readonly baseline: Totals;
  readonly last: LastWindow | null;
  readonly present: PresentStep;
  /** Whether safety was proven; it holds until harm is found or the evidence turns. */
  readonly isProven: boolean;
  /** Harm is final: when it was found, and why. */
  readonly harm: { readonly atMs: number; readonly reason: string } | null;
}

/** What is remembered of the last window that was taken. */
export interface LastWindow {
  readonly atMs: number;
  /** The canary's share of the requests, of the last window in which both versions had some. */
  readonly share: number | null;
  readonly phi: number;
  readonly canaryRate: number | null;
  readonly baselineRate: number | null;
}

export interface Judgement {
  readonly state: JudgeState;
  readonly verdict: Verdict;
  /** One sentence without a full stop. */
  readonly reason: string;
  readonly evidence: Evidence;
}

/** The state before the first window. Throws when the policy cannot judge anything: that is a fault of the program. */
export function beginJudging(policy: Policy): JudgeState {
  const { alpha, notWorseThan, triggers } = policy;
  if (!(alpha > 0 && alpha < 1 && notWorseThan > 1 && triggers.length > 0)) {
    throw new RangeError(
      'internal error: a policy has 0 < alpha < 1, notWorseThan above 1 and at least one trigger',
    );
  }
  const none = { requests: 0, errors: 0 };
  return {
    schemaVersion: 1,
    policy,
    triggers: triggers.map(startTrigger),
    windows: 0,
    canary: none,
    baseline: none,
    last: null,
    present: { weight: null, canaryRequests: 0, baselineRequests: 0 },
    isProven: false,
    harm: null,
  };
}

/**
 * Judges one more window. A window that is not whole and plausible, or that is not later than the last one, changes nothing and
 * is no data. Pure; never throws, whatever the window is.
 */
export function judge(state: JudgeState, window: Window): Judgement {
  const problems = findWindowProblems(window);
  if (problems.length > 0) return conclude(state, rejectedReason(problems));
  const atMs = timeOf(window.at)!;
  if (state.last && atMs <= state.last.atMs) {
    const again = atMs === state.last.atMs ? 'was judged already' : 'is older than one that was judged';
    return conclude(state, `the window of ${new Date(atMs).toISOString()} ${again}; it is left out`);
  }
  const next = take(state, window, atMs);
  const missing = noRequestsReason(window, state.policy);
  return conclude(next, missing);
}

/**
 * The verdict at a moment when no window came: no-data once the last one is older than `staleAfterMs`, which is what traffic
 * that stopped looks like.
 */
export function judgeSilence(state: JudgeState, nowMs: number): Judgement {
  const lastMs = state.last?.atMs ?? null;
  const isStale = lastMs === null || nowMs - lastMs > state.policy.staleAfterMs;
  return conclude(state, isStale ? staleReason(lastMs, nowMs) : null);
}

function take(state: JudgeState, window: Window, atMs: number): JudgeState {
  const { policy } = state;
  const arms = armsOf(window, 'errors');
  const weight = window.weight ?? null;
  const isSameStep = weight === state.present.weight;
  return {
    ...state,
    triggers: state.triggers.map((trigger, index) =>
      addToTrigger(policy.triggers[index]!, trigger, window, atMs, policy),
    ),
    windows: state.windows + 1,
    canary: sum(state.canary, window.canary),
    baseline: sum(state.baseline, window.baseline),
    last: {
      atMs,
      share: arms ? canaryShare(arms) : (state.last?.share ?? null),
      phi: arms ? phiOfArms(policy.dispersion.errors, arms) : 1,
      canaryRate: rateOf(window.canary),
      baselineRate: rateOf(window.baseline),
    },
    present: {
      weight,
      canaryRequests: (isSameStep ? state.present.canaryRequests : 0) + window.canary.requests,
      baselineRequests: (isSameStep ? state.present.baselineRequests : 0) + window.baseline.requests,
    },
  };
}

function rateOf({ requests, errors }: Totals): number | null {
  return requests > 0 ? errors / requests : null;
}

function sum(total: Totals, { requests, errors }: Totals): Totals {
  return { requests: total.requests + requests, errors: total.errors + errors };
}

/** The verdict of a state. `missing` says why there is no data; harm goes before it, safety never comes without data. */
function conclude(state: JudgeState, missing: string | null): Judgement {
  const evidence = gather(state);
  const found = state.harm?.reason ?? harmReason(evidence, state);
  if (found !== null) {
    const harm = state.harm ?? { atMs: state.last?.atMs ?? 0, reason: found };
    return { state: { ...state, harm }, verdict: 'harm', reason: found, evidence };
  }
  const isProven = isSafe(evidence, state);
  const next = { ...state, isProven };
  const noData = missing ?? noDataReason(evidence, state);
  if (noData !== null) return { state: next, verdict: 'no-data', reason: noData, evidence };
  if (isProven && evidence.present.canaryRequests >= state.policy.sampleMin) {
    return { state: next, verdict: 'safe', reason: safeReason(evidence, state), evidence };
  }
  return { state: next, verdict: 'undecided', reason: undecidedReason(evidence, state), evidence };
}

/**
 * In so many windows the sign test finds a version that is worse in each of them, by the smallest part of alpha that a default trigger has.
 * When it does not agree by then, it disagrees.
 */
const SIGN_WINDOWS = 15;

/**
 * Whether the evidence by itself is beyond the alarm line, and the sign test had too few windows yet to agree. This is no verdict of harm, and
 * no reason either to let a release go on.
 */
export function awaitsSignTest(state: JudgeState): boolean {
  if (state.windows >= SIGN_WINDOWS) return false;
  const { lnE, alarm } = gather(state);
  return lnE !== null && lnE >= alarm;
}

/** A proof is valid whenever it is reached (Ville); it is given up when the evidence comes to speak against safety. */
function isSafe({ lnSafe, alarm }: Evidence, { isProven }: JudgeState): boolean {
  return lnSafe !== null && (lnSafe >= alarm || (isProven && lnSafe >= 0));
}

function gather(state: JudgeState): Evidence {
  const { policy, canary, baseline, windows, present } = state;
  const triggers = state.triggers.map((trigger, index) =>
    evidenceOf(trigger, policy.triggers[index]!, policy, canary.requests),
  );
  const statistical = triggers.filter((trigger) => trigger.lnE !== null);
  const lnSafe = statistical.length > 0 ? Math.min(...statistical.map((trigger) => trigger.lnSafe!)) : null;
  return {
    lnE: lnShared(triggers, (trigger) => trigger.lnE),
    alarm: Math.log(1 / policy.alpha),
    lnSafe,
    triggers,
    phi: state.last?.phi ?? 1,
    windows,
    canary,
    baseline,
    present,
    lnSplit: lnSplitOf(present),
    requestsNeeded: requestsNeeded(state, triggers),
  };
}

/** Lindon and Malek's concentration: 10 finds a wrong split soonest among those that were measured. */
const SPLIT_CONCENTRATION = 10;

function lnSplitOf({ weight, canaryRequests, baselineRequests }: PresentStep): number | null {
  if (weight === null || weight <= 0 || weight >= 100) return null;
  const share = weight / 100;
  return lnSplit([canaryRequests, baselineRequests], [share, 1 - share], SPLIT_CONCENTRATION);
}

function requestsNeeded(state: JudgeState, triggers: readonly TriggerEvidence[]): RequestsNeeded {
  const { policy, canary, baseline, last } = state;
  const errors = triggers.find((_, index) => {
    const trigger = policy.triggers[index]!;
    return trigger.kind === 'ratio' && trigger.metric === 'errors';
  });
  const rate = (canary.errors + baseline.errors) / (canary.requests + baseline.requests);
  const share = last?.share ?? null;
  if (errors === undefined || share === null || !(rate > 0)) return { harm: null, safe: null };
  const foreseen = { share, baselineRate: rate, alpha: policy.alpha, partOfAlpha: errors.share };
  // Without any baseline error the ratio has no upper end; the largest that is looked for stands for it.
  const ratio = errors.ratio?.ratio ?? (canary.errors > 0 ? 32 : 1);
  const perError = bernoulliDivergence(Math.min(1, shareOfErrors(ratio, share)), share);
  const left = Math.log(1 / (errors.share * policy.alpha)) - errors.lnE!;
  return {
    harm: ratio > 1.05 ? Math.ceil((Math.max(0, left) * share) / (perError * rate)) : null,
    safe: requestsToSafe(foreseen, policy.notWorseThan, errors.lnSafe!),
  };
}
