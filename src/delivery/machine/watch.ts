import type { JsonObject } from '../../base/json.ts';
import type { EvidenceFigures, JudgedAs } from '../../journal/deployment-event.ts';
import type { Evidence } from '../analysis/evidence.ts';
import { awaitsSignTest, type JudgeState, judge, judgeSilence } from '../analysis/judge.ts';
import { findWindowProblems, type Window } from '../analysis/window.ts';
import type { OnDoubt } from '../plan.ts';
import { isWatching } from './apply.ts';
import { goBack } from './back.ts';
import { type DeploymentState, presentStep } from './state.ts';
import { beginNext } from './step.ts';
import type { Turn } from './turn.ts';

/** What was seen since the last look. */
export interface Look {
  /** The step that it was looked for. */
  readonly step: string;
  /** Counts on from that of the `observe` command. */
  readonly look: number;
  /** How long was looked, by a clock that does not jump. */
  readonly coveredMs: number;
  /** What the source said, as it came; null: it did not answer, or with what is no window. */
  readonly window: unknown;
  /** Why there is no window, or why something is not in it; null: all is there. */
  readonly problem: string | null;
}

/** Judges one more window and goes on, holds, or goes back. */
export function takeLook(turn: Turn, look: Look): void {
  const { state } = turn;
  const step = presentStep(state);
  if (!isWatching(state) || step?.id !== look.step) return;
  if (look.look <= state.looks || !(look.coveredMs >= 0)) return;
  const judged = judgeLook(state, look);
  const { coveredMs } = look;
  turn.emit({ type: 'deployment.observed', step: step.id, look: look.look, coveredMs, ...judged });
  if (judged.verdict === 'harm' && !state.isOverruled) goBack(turn, 'harm', judged.reason);
  else goOn(turn);
}

interface Judged {
  readonly window: JsonObject | null;
  readonly verdict: JudgedAs;
  readonly reason: string;
  readonly figures: EvidenceFigures | null;
}

function judgeLook(state: DeploymentState, look: Look): Judged {
  // The time of evidence goes on while somebody looks: a clock that jumps makes no window old, new or missing.
  const at = (state.startedAtMs ?? 0) + state.evidenceMs + Math.max(1, look.coveredMs);
  const problems = look.window === null ? [] : findWindowProblems(look.window);
  if (look.window === null || problems.length > 0) {
    const [first] = problems;
    const wrong = first ? `the window's ${first.path || 'content'} ${first.message}` : null;
    const silence = state.judge ? judgeSilence(state.judge, at) : null;
    const isHarm = silence?.verdict === 'harm';
    return {
      window: null,
      verdict: isHarm ? 'harm' : 'no-data',
      reason: isHarm ? silence.reason : (look.problem ?? wrong ?? 'the source said nothing'),
      figures: silence ? figuresOf(silence.evidence) : null,
    };
  }
  // The weight is what the router confirmed, whatever the source believes; counts of another weight never count for this one.
  const window = { ...(look.window as Window), at, weight: state.candidatePercent };
  const plain = window as unknown as JsonObject;
  if (state.judge === null)
    return { window: plain, verdict: 'undecided', reason: 'health decides', figures: null };
  const { state: after, verdict, reason, evidence } = judge(state.judge, window);
  if (verdict !== 'harm' && presentStep(state)?.action.type === 'bake') {
    const mute = muteLimit(after, at - after.policy.staleAfterMs);
    const figures = figuresOf(evidence);
    return mute === null
      ? {
          window: plain,
          verdict: 'undecided',
          reason: 'nothing is left to compare with, and no limit is broken',
          figures,
        }
      : { window: plain, verdict: 'no-data', reason: look.problem ?? `${mute} has no data`, figures };
  }
  // Whoever knows why something is missing tells it better than its absence.
  const told = verdict === 'no-data' ? (look.problem ?? reason) : reason;
  return { window: plain, verdict, reason: told, figures: figuresOf(evidence) };
}

function figuresOf(evidence: Evidence): EvidenceFigures {
  const { lnE, alarm, lnSafe, canary, baseline, present, triggers, requestsNeeded } = evidence;
  const ratio = triggers.find((trigger) => trigger.ratio !== null)?.ratio ?? null;
  return {
    lnE,
    alarm,
    lnSafe,
    canary,
    baseline,
    fresh: { canary: present.canaryRequests, baseline: present.baselineRequests },
    ratio: ratio === null ? null : { ratio: ratio.ratio, low: ratio.low, high: ratio.high },
    needed: requestsNeeded,
  };
}

/** Whether the step is over, and if its time is, why it may not go on. */
function goOn(turn: Turn): void {
  const { state } = turn;
  const { action } = presentStep(state)!;
  if (action.type !== 'observe' && action.type !== 'bake') return;
  const { coveredMs, verdict } = state.watch;
  const doubt = doubtOf(state);
  const isProven = action.type === 'observe' && action.advance === 'proven' && verdict === 'safe';
  if (coveredMs < action.durationMs && !(isProven && doubt === null)) return;
  if (doubt === null) {
    leave(turn, isProven ? 'safe is proven' : null);
    return;
  }
  const policy = policyOf(state, doubt);
  const reason = doubt.reason;
  if (policy === 'proceed') leave(turn, `${reason}; the plan lets it go on`);
  else if (policy === 'rollback') goBack(turn, doubt.verdict, reason);
  else if (state.phase === 'watching') {
    const { id, deadlineMs } = presentStep(state)!;
    turn.emit({ type: 'deployment.held', step: id, verdict: doubt.verdict, reason, deadlineMs });
  }
}

const LOOKS_HARMFUL = 'it looks like harm, and the sign test does not agree yet';

interface Doubt {
  readonly verdict: 'undecided' | 'no-data';
  readonly reason: string;
}

/** Why the evidence of the step does not let it go on, harm apart; null: it does. */
export function doubtOf(state: DeploymentState): Doubt | null {
  const { watch, judge: judging } = state;
  const action = presentStep(state)?.action;
  if (watch.windows === 0) return { verdict: 'no-data', reason: watch.reason };
  // Few windows can be enough for the counts and too few for the sign test: then it is looked on.
  if (judging !== null && !state.isOverruled && awaitsSignTest(judging))
    return { verdict: 'undecided', reason: action?.type === 'bake' ? LOOKS_HARMFUL : watch.reason };
  if (action?.type === 'bake') return bakeDoubt(state);
  if (action?.type !== 'observe') return null;
  if (watch.verdict === 'no-data') return { verdict: 'no-data', reason: watch.reason };
  const requests = judging?.present.weight === state.candidatePercent ? judging.present.canaryRequests : 0;
  if (requests >= action.sampleMin) return null;
  const reason = `the candidate had ${requests} of ${action.sampleMin} requests at ${state.candidatePercent} %`;
  return { verdict: 'undecided', reason };
}

/** With all the traffic on the candidate nothing is compared, but each limit must have had figures, and lately. */
function bakeDoubt({ judge: judging, watch, evidenceMs, startedAtMs }: DeploymentState): Doubt | null {
  if (judging === null) return null;
  const nowMs = (startedAtMs ?? 0) + evidenceMs;
  const mute = muteLimit(judging, Math.max(nowMs - watch.coveredMs, nowMs - judging.policy.staleAfterMs));
  return mute === null ? null : { verdict: 'no-data', reason: `${mute} has no data` };
}

/** The name of a limit that had no figures since then; null: all had. */
function muteLimit({ triggers, policy }: JudgeState, sinceMs: number): string | null {
  const mute = triggers.find(
    ({ kind, lastDataAtMs }, index) =>
      (kind === 'limit' || kind === 'per-window') &&
      !policy.triggers[index]!.mayBeSilent &&
      (lastDataAtMs === null || lastDataAtMs <= sinceMs),
  );
  return mute?.name ?? null;
}

/** What the plan says about a doubt. */
export function policyOf(state: DeploymentState, { verdict }: Doubt): OnDoubt {
  const { action } = presentStep(state)!;
  if (action.type !== 'observe' && action.type !== 'bake') return 'hold';
  // What looks like harm at the end of a bake is no silence: the plan's word for that does not count.
  if (verdict === 'undecided') return action.type === 'observe' ? action.onUndecided : 'hold';
  const said = silentPolicies(state);
  // Of several checks without data the strictest word counts.
  return STRICTEST_FIRST.find((policy) => said.includes(policy)) ?? action.onNoData;
}

const STRICTEST_FIRST: readonly OnDoubt[] = ['rollback', 'hold', 'proceed'];

/** What is said of the checks that have no data now; of those without a word of their own the step's. */
function silentPolicies({
  judge: judging,
  plan,
  evidenceMs,
  startedAtMs,
  watch,
  step,
}: DeploymentState): OnDoubt[] {
  const action = plan.steps[step]?.action;
  if (judging === null || (action?.type !== 'observe' && action?.type !== 'bake')) return [];
  const nowMs = (startedAtMs ?? 0) + evidenceMs;
  const sinceMs = Math.max(nowMs - watch.coveredMs, nowMs - judging.policy.staleAfterMs);
  return judging.triggers.flatMap(({ name, lastDataAtMs }, index) => {
    const { kind, mayBeSilent } = judging.policy.triggers[index]!;
    const isCompared = kind === 'ratio' || kind === 'latency';
    // With all the traffic on the candidate nothing is compared.
    if (mayBeSilent || (action.type === 'bake' && isCompared)) return [];
    return lastDataAtMs === null || lastDataAtMs <= sinceMs
      ? [plan.analysis?.onNoData?.[name] ?? action.onNoData]
      : [];
  });
}

/** The step is over. A candidate that had all the traffic for the whole bake is proven. */
export function leave(turn: Turn, reason: string | null): void {
  const { state } = turn;
  const { id, action } = presentStep(state)!;
  turn.commands.push({ type: 'stop-observing' });
  turn.emit({
    type: 'deployment.step-finished',
    way: 'forth',
    step: id,
    attempt: state.attempt,
    outcome: 'done',
    foundBy: 'decision',
    reason,
    durationMs: state.watch.coveredMs,
    outputs: {},
    retryAfterMs: null,
  });
  if (action.type === 'bake') turn.emit({ type: 'deployment.baked', digest: state.request.candidate });
  beginNext(turn);
}
