import type { JsonObject } from '../base/json.ts';
import type { Reason } from '../journal/run-event.ts';
import { decisionSentence, evaluateCondition } from '../pipeline/expression.ts';
import { jobContext } from './context.ts';
import type { RunState } from './state.ts';

export type Verdict =
  | { readonly kind: 'run' | 'skip'; readonly reason: Reason }
  | { readonly kind: 'invalid'; readonly message: string };

/** Whether a job runs, now that everything it needs is over, and why. */
export function judgeCondition(state: RunState, jobIndex: number): Verdict {
  const job = state.course.jobs[jobIndex]!;
  const because = causesOf(state, jobIndex);
  if (!job.if) return judgeSuccess(state, jobIndex, because);
  const result = evaluateCondition(job.if, jobContext(state, jobIndex), because);
  if (!result.ok)
    return { kind: 'invalid', message: `the condition of ${job.id} cannot be evaluated: ${result.message}` };
  const { met, decision } = result.condition;
  return {
    kind: met ? 'run' : 'skip',
    reason: { sentence: decisionSentence(decision), decision: decision as unknown as JsonObject },
  };
}

/** The common case without an expression, kept off the evaluator's path: it is decided thousands of times. */
function judgeSuccess(state: RunState, jobIndex: number, because: Causes): Verdict {
  const reason = because.cancelledBecause ?? because.failedBecause ?? because.skippedBecause;
  if (!reason) {
    const needs = state.course.needs[jobIndex]!;
    return {
      kind: 'run',
      reason: { sentence: needs.length === 0 ? 'it needs nothing' : 'all it needs succeeded' },
    };
  }
  const decision = { term: 'success()', value: 'false', because: reason, parts: [] };
  return { kind: 'skip', reason: { sentence: `success() is false because ${reason}`, decision } };
}

interface Causes {
  readonly failedBecause: string | null;
  readonly cancelledBecause: string | null;
  readonly skippedBecause: string | null;
}

function causesOf(state: RunState, jobIndex: number): Causes {
  const failed: string[] = [];
  const skipped: string[] = [];
  let cancelledBecause = runCancelSentence(state);
  for (const needed of state.course.needs[jobIndex]!) {
    const { result, failedThrough } = state.jobs.at(needed);
    const id = state.course.jobs[needed]!.id;
    if (result === 'failure') failed.push(`${id} failed`);
    else if (failedThrough) failed.push(`what ${id} needs failed`);
    if (result === 'skipped') skipped.push(id);
    if (result === 'cancelled') cancelledBecause ??= `${id} was cancelled`;
  }
  return {
    failedBecause: failed.length > 0 ? failed.join(' and ') : null,
    cancelledBecause,
    skippedBecause:
      skipped.length > 0 ? `${skipped.join(' and ')} ${skipped.length > 1 ? 'were' : 'was'} skipped` : null,
  };
}

function runCancelSentence(state: RunState): string | null {
  const cause = state.cancels[0];
  return cause?.kind === 'cancelled' ? `the run was cancelled by ${cause.by}` : null;
}
