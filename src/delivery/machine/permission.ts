import { openingAt } from '../calendar/opening.ts';
import { waitingText } from './apply.ts';
import { setDeadlines } from './deadline.ts';
import { finish } from './finish.ts';
import type { Turn } from './turn.ts';

/** What an approval was given for. */
export interface ApprovalGiven {
  readonly by: string;
  /** The teams that the account is in, as `team/NAME`. */
  readonly teams: readonly string[];
  readonly reason: string | null;
  /** Digests that the person saw. */
  readonly artifact: string;
  readonly plan: string;
}

/** A window is looked for again after this time at most, whatever the clock says. */
const LOOK_MAX_MS = 3_600_000;

/** Goes on to the queue when enough people agree and a window is open; else says what it waits for. */
export function seekPermission(turn: Turn): void {
  const { state, now } = turn;
  if (state.phase !== 'waiting') return;
  const waiting = whatIsMissing(turn);
  if (waiting === null) {
    turn.emit({ type: 'deployment.permitted' });
    turn.commands.push({ type: 'claim-environment' });
    setDeadlines(turn);
    return;
  }
  if (state.waitingFor !== waitingText(waiting)) turn.emit({ type: 'deployment.waiting', ...waiting });
  if (waiting.closed !== null) {
    const afterMs = Math.max(1, Math.min(LOOK_MAX_MS, (waiting.untilMs ?? Number.POSITIVE_INFINITY) - now));
    turn.commands.push({ type: 'set-timer', id: 'opening', afterMs });
  }
}

/** What a deployment waits for; null: nothing. */
export function whatIsMissing({ state, now }: Turn): {
  readonly approvalsLeft: number;
  readonly closed: string | null;
  readonly untilMs: number | null;
} | null {
  const { approvals, windows, freezes } = state.plan.admission;
  const approvalsLeft = Math.max(0, approvals - state.approvedBy.length);
  const { closed, untilMs } = state.isOverridden
    ? { closed: null, untilMs: null }
    : openingAt(windows, freezes, now);
  return approvalsLeft === 0 && closed === null ? null : { approvalsLeft, closed, untilMs };
}

/** Counts an approval, or says why it does not count. */
export function takeApproval(turn: Turn, given: ApprovalGiven): void {
  const { state } = turn;
  if (state.phase !== 'waiting' || state.approvedBy.includes(given.by)) return;
  const refused = whyRefused(turn, given);
  if (refused !== null) {
    turn.emit({ type: 'deployment.approval-refused', by: given.by, reason: refused });
    return;
  }
  turn.emit({ type: 'deployment.approved', by: given.by, reason: given.reason });
  seekPermission(turn);
}

function whyRefused({ state }: Turn, given: ApprovalGiven): string | null {
  const { approvers, authorAllowed, author } = state.plan.admission;
  const { binding } = state.request;
  if (given.artifact !== binding.artifact) return 'it is for another artifact';
  if (given.plan !== binding.plan) return 'it is for another plan';
  if (!authorAllowed && given.by === author) return 'the author of the change may not approve it';
  const isNamed =
    approvers.length === 0 || approvers.includes(given.by) || given.teams.some((t) => approvers.includes(t));
  return isNamed ? null : `${given.by} is none of those who may approve: ${approvers.join(', ')}`;
}

export function takeRejection(turn: Turn, by: string, reason: string): void {
  if (turn.state.phase !== 'waiting') return;
  turn.emit({ type: 'deployment.rejected', by, reason });
  finish(turn, 'cancelled', `${by} rejected it: ${reason}`);
}

/** Break-glass: a person takes responsibility for deploying in a freeze or outside of the windows. */
export function takeOverride(turn: Turn, by: string, reason: string): void {
  if (turn.state.phase !== 'waiting' || turn.state.isOverridden) return;
  turn.emit({ type: 'deployment.window-overridden', by, reason });
  seekPermission(turn);
}
