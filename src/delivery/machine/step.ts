import type { DeploymentStep } from '../plan.ts';
import { retryAfterMs } from '../strategy/step.ts';
import { setDeadlines } from './deadline.ts';
import { finish } from './finish.ts';
import { type DeploymentState, keyOf, presentStep, stepsOf, wayOf } from './state.ts';
import type { Turn } from './turn.ts';

/** Begins the next step of the way that is gone; behind the last one the deployment is over. */
export function beginNext(turn: Turn): void {
  for (;;) {
    const { state } = turn;
    const step = stepsOf(state)[state.step + 1];
    if (step === undefined) {
      conclude(turn);
      return;
    }
    const needless = whyNeedless(state, step);
    if (needless === null) {
      start(turn, step, 1);
      return;
    }
    turn.emit({
      type: 'deployment.step-finished',
      way: wayOf(state),
      step: step.id,
      attempt: 0,
      outcome: 'skipped',
      foundBy: 'decision',
      reason: needless,
      durationMs: 0,
      outputs: {},
      retryAfterMs: null,
    });
  }
}

/** Writes the intent and asks for the effect. Without the environment's lease the effect waits until there is one. */
export function start(turn: Turn, step: DeploymentStep, attempt: number): void {
  const isNew = attempt === 1 || turn.state.phase === 'asking';
  turn.emit({
    type: 'deployment.step-started',
    way: wayOf(turn.state),
    step: step.id,
    attempt,
    key: keyOf(turn.state, step, attempt),
    order: turn.state.order + 1,
  });
  if (turn.state.phase === 'watching') observe(turn);
  else perform(turn);
  if (isNew) setDeadlines(turn);
}

/** The effect of the present intent, as a command. */
export function perform(turn: Turn): void {
  const effect = effectOf(turn.state);
  if (effect)
    turn.commands.push({ type: 'perform', timeoutMs: presentStep(turn.state)!.timeoutMs, ...effect });
}

/** Nobody knows what became of the effect: the world is asked. */
export function probe(turn: Turn, reason: string): void {
  const { intent } = turn.state;
  if (!intent) return;
  turn.emit({ type: 'deployment.step-unknown', key: intent.key, reason });
  const effect = effectOf(turn.state);
  if (effect) turn.commands.push({ type: 'probe', ...effect });
}

export function observe(turn: Turn): void {
  const { state } = turn;
  if (state.token === null) return;
  const { id, timeoutMs } = presentStep(state)!;
  turn.commands.push({
    type: 'observe',
    step: id,
    // A step that is shorter than the interval is looked at when it ends.
    intervalMs: Math.min(state.plan.analysis?.intervalMs ?? INTERVAL_MS, Math.max(SHORTEST_MS, timeoutMs)),
    candidatePercent: state.candidatePercent,
    look: state.looks + 1,
  });
}

/** Where nothing is judged, health is looked at. */
const INTERVAL_MS = 5000;
const SHORTEST_MS = 100;

function effectOf(state: DeploymentState) {
  const step = presentStep(state);
  if (!state.intent || state.token === null || !step) return null;
  const { key, way } = state.intent;
  return { key, way, step: step.id, action: step.action, token: state.token, order: state.order };
}

/** Sets the timer of the attempt that follows. */
export function pause(turn: Turn): void {
  const { state } = turn;
  turn.commands.push({ type: 'set-timer', id: retryTimer(state), afterMs: retryAfterMs(state.attempt) });
}

export function retryTimer({ epoch, attempt }: DeploymentState): string {
  return `retry/${epoch}/${attempt}`;
}

export function probeTimer({ epoch, attempt, probes }: DeploymentState): string {
  return `probe/${epoch}/${attempt}/${probes}`;
}

/** What a step would do that is so already, or was never done and so cannot be undone. */
function whyNeedless(state: DeploymentState, { action }: DeploymentStep): string | null {
  if (state.route === null) return null;
  if (action.type === 'command' && action.purpose === 'migration-down' && !state.begun.dataUp)
    return 'the data were not changed';
  // The last weight is written all the same: the router may have one that was never confirmed.
  const isGradual = action.type === 'set-weight' && action.candidatePercent > lastPercent(state);
  if (isGradual && action.candidatePercent >= state.candidatePercent)
    return `the candidate version has ${state.candidatePercent} % already`;
  return null;
}

function lastPercent(state: DeploymentState): number {
  const weights = stepsOf(state).flatMap(({ action }) =>
    action.type === 'set-weight' ? [action.candidatePercent] : [],
  );
  return weights.at(-1) ?? 0;
}

function conclude(turn: Turn): void {
  const { rollback, request, plan, route, warnings } = turn.state;
  if (rollback === null) {
    const but = warnings > 0 ? ', with warnings' : '';
    finish(turn, 'succeeded', `${request.candidate} serves ${plan.environment}${but}`);
    return;
  }
  const where = route === 'part' ? ` on ${plan.wayBack.only.join(', ')}` : '';
  const then = request.stable === null ? 'nothing serves' : `${request.stable} serves again${where}`;
  finish(turn, 'rolled-back', `${rollback.reason}; ${then}`);
}
