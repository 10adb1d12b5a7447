import type { BackRoute, RollbackTrigger } from '../../journal/deployment-event.ts';
import { setDeadlines } from './deadline.ts';
import { finish, quarantine } from './finish.ts';
import { type DeploymentState, wayOf } from './state.ts';
import { beginNext } from './step.ts';
import type { Turn } from './turn.ts';

/** Asked by a person, or by other deployments: these are obeyed also where it does not go back by itself. */
const OBEYED: readonly RollbackTrigger[] = ['asked', 'superseded', 'train'];

/** The candidate must not stay. Before the first step that is the end; on the way back, and after the end, it is no news. */
export function goBack(turn: Turn, trigger: RollbackTrigger, reason: string, by: string | null = null): void {
  const { state } = turn;
  if (state.phase === 'finished' || wayOf(state) === 'back') return;
  if (state.startedAtMs === null) {
    finish(turn, 'cancelled', reason);
    return;
  }
  turn.commands.push({ type: 'stop-observing' });
  const isFree = state.plan.wayBack.automatic || OBEYED.includes(trigger) || state.phase === 'asking';
  if (!isFree) {
    turn.emit({
      type: 'deployment.decision-asked',
      trigger,
      reason,
      deadlineMs: state.plan.wayBack.decisionMs,
    });
    setDeadlines(turn);
    return;
  }
  const route = routeOf(state);
  if (route === null) {
    finish(turn, 'stranded', `${reason}; the change of the data cannot be taken back, so it stays as it is`);
    return;
  }
  const fromPercent = state.candidatePercent;
  turn.emit({ type: 'deployment.rollback-begun', trigger, reason, by, route, fromPercent });
  quarantine(turn);
  beginNext(turn);
}

/** By what was begun, not by what was done: an effect without a receipt may have happened. null: it may not go back. */
function routeOf({ plan, begun, candidatePercent }: DeploymentState): BackRoute | null {
  const { warm, part, data, dataBreaks, onIrreversible } = plan.wayBack;
  if (begun.dataUp && dataBreaks) {
    if (data !== null) return 'data';
    if (onIrreversible !== 'revert') return null;
  }
  if (warm === null || begun.stableEnd) return 'cold';
  return part !== null && candidatePercent === 100 ? 'part' : 'warm';
}

/** The way back cannot go on as it is: the next route, or a person. */
export function reroute(turn: Turn, reason: string): void {
  const { state } = turn;
  const next = state.route === 'part' ? 'warm' : state.route === 'warm' ? 'cold' : null;
  if (next !== null) {
    turn.emit({ type: 'deployment.rerouted', route: next, reason });
    beginNext(turn);
    return;
  }
  finish(turn, 'stranded', `the way back cannot be finished: ${reason}`);
}
