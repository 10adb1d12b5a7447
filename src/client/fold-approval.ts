import { counted } from '../base/text.ts';
import type { RunEvent } from '../journal/run-event.ts';
import type { ApprovalAnswerView, CellView } from './run-view.ts';

type ApprovalEvent = Extract<
  RunEvent,
  { type: 'approval.requested' | 'approval.given' | 'approval.rejected' | 'approval.expired' }
>;

/** What an event about an approval changes in the view of its cell. `at`: time of the event. */
export function approvalChange(cell: CellView, event: ApprovalEvent, at: number): Partial<CellView> {
  if (event.type === 'approval.requested') {
    const { type: _type, cell: _cell, job: _job, ...asked } = event;
    const sentence = `waits for ${counted(event.count, 'approval')}`;
    return { state: 'asked', attempt: 1, startedAtMs: at, approval: { ...asked, answers: [], sentence } };
  }
  const { approval } = cell;
  if (!approval) return {};
  if (event.type === 'approval.expired') return { approval: { ...approval, sentence: event.sentence } };
  const { by } = event;
  const answer: ApprovalAnswerView =
    event.type === 'approval.given'
      ? { by, decision: 'approve', atMs: at, answers: event.answers, text: event.comment }
      : { by, decision: 'reject', atMs: at, answers: {}, text: event.reason };
  const sentence = event.type === 'approval.given' ? event.sentence : `rejected by ${by}`;
  return { approval: { ...approval, answers: [...approval.answers, answer], sentence } };
}
