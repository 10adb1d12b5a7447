import type { Approval } from '../gate/approval.ts';
import type { RunEvent } from '../journal/run-event.ts';
import { type CellState, findCell, type RunState } from './state.ts';

type Of<T extends RunEvent['type']> = Extract<RunEvent, { type: T }>;

/*
 * What events make of an approval. Nothing is judged here: an answer that is in the journal was judged when it came, and a
 * replay must not find it too late.
 */

export function asked(state: RunState, event: Of<'approval.requested'>): Partial<CellState> {
  const { job } = state.cells.at(findCell(state, event.cell));
  const { binding, authors, openedAtMs, expiresAtMs } = event;
  const request = state.course.jobs[job]!.approval!;
  const sentence = 'nobody has answered yet';
  const approval: Approval = {
    request,
    binding,
    authors,
    openedAtMs,
    expiresAtMs,
    votes: [],
    status: 'waiting',
    sentence,
  };
  return { phase: 'asked', approval };
}

export function answered(approval: Approval, event: Of<'approval.given'>, atMs: number): Approval {
  const { by, answers, left, sentence } = event;
  return {
    ...approval,
    votes: [...approval.votes, { by, decision: 'approve', atMs, answers }],
    status: left === 0 ? 'approved' : 'waiting',
    sentence,
  };
}

export function rejected(approval: Approval, { by }: Of<'approval.rejected'>, atMs: number): Approval {
  return {
    ...approval,
    votes: [...approval.votes, { by, decision: 'reject', atMs, answers: {} }],
    status: 'rejected',
    sentence: `rejected by ${by}`,
  };
}

export function expired(approval: Approval, { result, sentence }: Of<'approval.expired'>): Approval {
  return { ...approval, status: result === 'approve' ? 'approved' : 'rejected', sentence };
}

/** The cell ended well by it: nobody else may rely on it. */
export function used(approval: Approval): Approval {
  return { ...approval, status: 'used' };
}
