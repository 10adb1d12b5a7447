import type { JsonObject } from '../../base/json.ts';
import type { RollbackTrigger } from '../../journal/deployment-event.ts';
import { retryAfterMs } from '../strategy/step.ts';
import { goBack, reroute } from './back.ts';
import { type DeploymentState, presentStep, wayOf } from './state.ts';
import { beginNext, pause, perform, probe, probeTimer } from './step.ts';
import type { Turn } from './turn.ts';

/** What whoever did it says. `unknown`: no answer came, or none that tells. */
export interface EffectResult {
  readonly key: string;
  /** `skipped`: there is nothing that it could be done to. */
  readonly outcome: 'done' | 'skipped' | 'failed' | 'unknown';
  /** A sentence without a full stop: why it is not done, or what is to be known although it is. */
  readonly reason: string | null;
  /** It failed, and would again: it is not tried again. */
  readonly isFinal?: boolean;
  /** The place refused it before anything was done, for a reason of its own, such as a full disk. */
  readonly isRefused?: boolean;
  /** Plain data that later steps and people may need. */
  readonly outputs: JsonObject;
}

/** What the world shows of an effect. `not-done`: it did not happen, and cannot any more unless it is asked for again. */
export interface ProbeResult {
  readonly key: string;
  readonly found: 'done' | 'not-done' | 'failed' | 'unknown';
  readonly reason: string | null;
  readonly outputs: JsonObject;
}

/** Told twice, or of an effect that is not waited for any more, a result is no news. */
export function takeResult(turn: Turn, result: EffectResult): void {
  const { state } = turn;
  if (!isAwaited(state, result.key)) return;
  if (result.outcome === 'unknown') {
    // One that is asked about already is asked about by its own timer.
    if (state.phase === 'forth-acting' || state.phase === 'back-acting')
      probe(turn, result.reason ?? 'no answer came');
    return;
  }
  conclude(turn, result.outcome, 'reply', result);
}

export function takeProbe(turn: Turn, result: ProbeResult): void {
  const { state } = turn;
  if (!isAwaited(state, result.key)) return;
  if (state.phase !== 'forth-probing' && state.phase !== 'back-probing') return;
  switch (result.found) {
    case 'unknown':
      turn.commands.push({
        type: 'set-timer',
        id: probeTimer(state),
        afterMs: retryAfterMs(Math.min(10, state.probes)),
      });
      return;
    case 'not-done':
      turn.emit({ type: 'deployment.step-repeated', key: result.key });
      perform(turn);
      return;
    default:
      conclude(turn, result.found, 'probe', result);
  }
}

function isAwaited(state: DeploymentState, key: string): boolean {
  return state.intent?.key === key && state.phase !== 'finished' && state.phase !== 'asking';
}

type Concluding = Pick<EffectResult, 'reason' | 'outputs' | 'isFinal' | 'isRefused'>;

function conclude(
  turn: Turn,
  outcome: 'done' | 'skipped' | 'failed',
  foundBy: 'reply' | 'probe',
  { reason, outputs, isFinal = false, isRefused = false }: Concluding,
): void {
  const step = presentStep(turn.state)!;
  const { attempt, intent } = turn.state;
  const isRetried = outcome === 'failed' && !isFinal && attempt <= step.retries;
  turn.emit({
    type: 'deployment.step-finished',
    way: wayOf(turn.state),
    step: step.id,
    attempt,
    outcome,
    foundBy,
    reason,
    durationMs: Math.max(0, turn.now - intent!.startedAtMs),
    outputs,
    retryAfterMs: isRetried ? retryAfterMs(attempt) : null,
    ...(isRefused ? { refused: true } : {}),
  });
  if (isRetried) {
    pause(turn);
    return;
  }
  if (outcome === 'failed') {
    const trigger = step.action.type === 'await-healthy' ? 'health' : 'step-failed';
    stepFailed(turn, trigger, `${step.title}: ${reason ?? 'it failed'}`);
    return;
  }
  if (step.action.type === 'set-weight') {
    const { candidatePercent } = step.action;
    turn.emit({ type: 'deployment.weight-set', candidatePercent, stablePercent: 100 - candidatePercent });
  }
  beginNext(turn);
}

/** The present step will not be done: it is noted, or the way is left. */
export function stepFailed(turn: Turn, trigger: RollbackTrigger, reason: string): void {
  if (presentStep(turn.state)?.onFailure === 'note') {
    turn.emit({ type: 'deployment.warning', message: reason });
    beginNext(turn);
  } else if (wayOf(turn.state) === 'forth') goBack(turn, trigger, reason);
  else reroute(turn, reason);
}
