import { unreachable } from '../../base/unreachable.ts';
import { type DeploymentState, presentStep } from './state.ts';
import { type DeadlineScope, TRANSITIONS } from './transition.ts';
import type { Turn } from './turn.ts';

/** Id of the timer that ends the present phase or step. */
export function deadlineTimer(state: DeploymentState): string {
  return `deadline/${state.epoch}`;
}

/** Starts the timers of the present phase, or starts them again for a new owner. The end has none. */
export function setDeadlines(turn: Turn): void {
  const { state, now } = turn;
  const limitMs = limitOf(state);
  if (limitMs === null) return;
  turn.commands.push({
    type: 'set-timer',
    id: deadlineTimer(state),
    afterMs: remaining(limitMs, state.sinceMs, now),
  });
  if (state.startedAtMs === null || state.isBaked) return;
  if (state.rollback === null) {
    const afterMs = remaining(state.plan.deadlineMs, state.startedAtMs, now);
    turn.commands.push({ type: 'set-timer', id: 'deployment', afterMs });
  } else {
    const afterMs = remaining(state.plan.wayBack.deadlineMs, state.rollback.atMs, now);
    turn.commands.push({ type: 'set-timer', id: 'way-back', afterMs });
  }
}

/** How long the present phase, or the step in it, may take; null only at the end. */
export function limitOf(state: DeploymentState): number | null {
  const scope: DeadlineScope | null = TRANSITIONS[state.phase].deadline;
  const { admission, wayBack, deadlineMs } = state.plan;
  switch (scope) {
    case null:
      return null;
    case 'permission':
      return admission.permissionMs;
    case 'queue':
      return admission.queueMs;
    case 'decision':
      return wayBack.decisionMs;
    case 'step':
      return presentStep(state)!.deadlineMs;
    case 'deployment':
      return deadlineMs;
    case 'way-back':
      return wayBack.deadlineMs;
    default:
      return unreachable(scope, 'every deadline has a length');
  }
}

/**
 * What is left of a limit. An elapsed time that the limit does not allow comes from a clock that jumped, or from an outage so long
 * that nothing of before it counts: then all of it is left.
 */
function remaining(limitMs: number, sinceMs: number, now: number): number {
  const elapsed = now - sinceMs;
  return elapsed >= 0 && elapsed < limitMs ? limitMs - elapsed : limitMs;
}
