import { LEARNT_WINDOWS_MIN } from './dispersion.ts';
import type { Evidence, TriggerEvidence } from './evidence.ts';
import type { JudgeState } from './judge.ts';
import type { Policy, Trigger } from './policy.ts';
import { lnShared } from './shared-alpha.ts';
import type { Window, WindowProblem } from './window.ts';

/*
 * The sentences of every verdict, beside the comparison each of them states. A function returns null when its verdict does not
 * hold.
 */

/** Harm: a raw trigger is broken, or the shared evidence of the statistical ones has reached the alarm line. */
export function harmReason(evidence: Evidence, state: JudgeState): string | null {
  const broken = state.triggers.find((trigger) => trigger.kind === 'per-window' && trigger.isBroken);
  if (broken) return `${broken.name}: above its limit in ${inARowText(state, broken.name)}`;
  if (evidence.lnE === null || guarded(evidence) < evidence.alarm) return null;
  const figure = `ln E ${number(evidence.lnE)} has reached the alarm line ${number(evidence.alarm)}`;
  const strongest = strongestOf(evidence);
  return `${harmText(strongest, evidence)}: ${figure}`;
}

/** No data: a trigger that has none, or whose data is stale. */
export function noDataReason(evidence: Evidence, state: JudgeState): string | null {
  const nowMs = state.last?.atMs ?? null;
  for (const [index, { name, lastDataAtMs }] of evidence.triggers.entries()) {
    if (state.policy.triggers[index]!.mayBeSilent) continue;
    if (lastDataAtMs === null || nowMs === null) return `${name} has had no data yet`;
    if (nowMs - lastDataAtMs > state.policy.staleAfterMs) {
      return `${name} has had no data for ${span(nowMs - lastDataAtMs)}`;
    }
  }
  return null;
}

/** No data: nobody used the canary, or nobody the baseline although something is compared with it. */
export function noRequestsReason(window: Window, policy: Policy): string | null {
  if (!policy.triggers.some(needsRequests)) return null;
  if (window.canary.requests === 0) return 'the canary had no requests in this window';
  const compares = policy.triggers.some(({ kind }) => kind === 'ratio' || kind === 'latency');
  return compares && window.baseline.requests === 0 ? 'the baseline had no requests in this window' : null;
}

/** Health, resources and the user's own metrics have figures without any request too. */
function needsRequests(trigger: Trigger): boolean {
  return trigger.kind === 'ratio' || trigger.kind === 'latency' || trigger.metric === 'errors';
}

export function staleReason(lastMs: number | null, nowMs: number): string {
  return lastMs === null ? 'no window has come yet' : `no window has come for ${span(nowMs - lastMs)}`;
}

/** A window that cannot be judged, by its first problem. */
export function rejectedReason(problems: readonly WindowProblem[]): string {
  const { path, message } = problems[0]!;
  const more = problems.length > 1 ? ` (and ${problems.length - 1} more)` : '';
  return `the window cannot be judged: ${path === '' ? 'it' : path} ${message}${more}`;
}

/** Safe: proven for every trigger. */
export function safeReason({ lnSafe, alarm }: Evidence, state: JudgeState): string {
  const figure =
    lnSafe! >= alarm
      ? `ln E of safety ${number(lnSafe!)} has reached ${number(alarm)}`
      : `ln E of safety had reached ${number(alarm)} and is ${number(lnSafe!)}`;
  const proof = `proven to be less than ${state.policy.notWorseThan}x worse than the baseline: ${figure}`;
  return `${proof}${outageText(state)}`;
}

/** Beyond this the router's split is taken to be wrong: a chance of one in a thousand at each weight. */
const SPLIT_ALARM = Math.log(1000);

/** Undecided: how far the evidence has come, and what is missing. */
export function undecidedReason(evidence: Evidence, state: JudgeState): string {
  return `${progress(evidence, state)}${outageText(state)}${splitText(evidence)}`;
}

/** So many failures of both versions within a window are an outage of something else. */
const OUTAGE_RATE = 0.05;

function outageText({ last }: JudgeState): string {
  const [canary, baseline] = [last?.canaryRate ?? 0, last?.baselineRate ?? 0];
  if (canary < OUTAGE_RATE || baseline < OUTAGE_RATE) return '';
  return `; both versions fail (${percent(canary)} and ${percent(baseline)}), so it is not this release alone`;
}

function percent(rate: number): string {
  return `${(rate * 100).toFixed(1)} %`;
}

/** A router that does not do what it was told spoils no comparison, but somebody should look. */
function splitText({ lnSplit, present }: Evidence): string {
  if (lnSplit === null || lnSplit < SPLIT_ALARM) return '';
  const share = present.canaryRequests / (present.canaryRequests + present.baselineRequests);
  return `; the router sends ${percent(share)} to the canary, not the ${present.weight} % it was told`;
}

function progress(evidence: Evidence, { policy }: JudgeState): string {
  const { lnE, alarm, present, requestsNeeded } = evidence;
  if (lnE === null) return 'no window in a row too many is above a limit; the raw form proves nothing';
  const figure = `ln E ${number(lnE)} of ${number(alarm)}`;
  const doubted = evidence.triggers.filter(
    (trigger) => trigger.lnSign !== null && trigger.lnE! > trigger.lnSign && trigger.lnSign < alarm,
  );
  // The one that looks worst by itself.
  const [doubting] = doubted.sort((one, other) => alone(other) - alone(one));
  if (lnE >= alarm && doubting) {
    const sign = `the sign test of ${doubting.name} must agree (ln E ${number(doubting.lnSign!)})`;
    return `${figure} looks like harm, but until ${LEARNT_WINDOWS_MIN} A/A windows have shown how bursty it is, ${sign}`;
  }
  if (present.canaryRequests < policy.sampleMin) {
    const left = count(policy.sampleMin - present.canaryRequests);
    return `${figure}; the present weight needs ${left} more canary requests`;
  }
  const { harm, safe } = requestsNeeded;
  if (harm !== null && (safe === null || harm < safe)) {
    return `${figure}; if it is as bad as it looks, about ${count(harm)} more canary requests show it`;
  }
  if (safe !== null && safe > 0) {
    return `${figure}; if it is as good as the baseline, about ${count(safe)} more canary requests prove it`;
  }
  return `${figure}; neither harm nor safety is proven`;
}

/** The shared ln E, where a trigger that is guarded counts for no more than its sign test allows. */
function guarded({ triggers }: Evidence): number {
  return lnShared(triggers, effective) ?? Number.NEGATIVE_INFINITY;
}

function effective({ lnE, lnSign }: TriggerEvidence): number {
  return Math.min(lnE ?? Number.NEGATIVE_INFINITY, lnSign ?? Number.POSITIVE_INFINITY);
}

function strongestOf({ triggers }: Evidence): TriggerEvidence {
  return triggers
    .filter(({ lnE }) => lnE !== null)
    .reduce((best, trigger) => (weighted(trigger) > weighted(best) ? trigger : best));
}

/** How much a trigger contributes to the shared evidence. */
function weighted(trigger: TriggerEvidence): number {
  return effective(trigger) + Math.log(trigger.share);
}

function alone({ lnE, share }: TriggerEvidence): number {
  return lnE! + Math.log(share);
}

function harmText(trigger: TriggerEvidence, { canary, baseline }: Evidence): string {
  if (trigger.kind === 'latency') return 'the canary is slower than the baseline';
  if (trigger.kind === 'limit') return trigger.name;
  const ratio = trigger.ratio?.ratio;
  const times = ratio ? `${number(ratio)}x as often as the baseline` : 'and the baseline does not';
  const counts = `${of(canary)} against ${of(baseline)}`;
  return trigger.name === 'error rate'
    ? `the canary fails ${times} (${counts})`
    : `${trigger.name}: ${ratio ? `${number(ratio)}x the baseline's` : "above the baseline's"}`;
}

function inARowText(state: JudgeState, name: string): string {
  const trigger = state.policy.triggers.find((one) => one.name === name);
  const windows = trigger?.kind === 'per-window' ? trigger.windowsInARow : 1;
  return windows === 1 ? 'a window' : `${windows} windows in a row`;
}

function of({ errors, requests }: { readonly errors: number; readonly requests: number }): string {
  return `${count(errors)} of ${count(requests)}`;
}

function number(value: number): string {
  const text = Math.abs(value) >= 1e6 ? value.toExponential(1) : value.toFixed(2);
  return text === '-0.00' ? '0.00' : text;
}

function count(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ',');
}

function span(ms: number): string {
  return ms < 120_000 ? `${Math.round(ms / 1000)} s` : `${Math.round(ms / 60_000)} min`;
}
