import type { JsonObject } from '../base/json.ts';
import type { Reason } from '../journal/run-event.ts';
import { decisionSentence, evaluateCondition } from '../pipeline/expression.ts';
import type { ExpressionContext } from '../pipeline/expression-context.ts';
import type { Expression } from '../pipeline/plan.ts';
import { jobContext } from './context.ts';
import { callsAround, type Need, needsOfJob, needsOfScope, scopeContext } from './scope.ts';
import type { RunState } from './state.ts';

export type Verdict =
  | { readonly kind: 'run' | 'skip'; readonly reason: Reason }
  | { readonly kind: 'invalid'; readonly message: string };

/** Whether a job runs, now that everything it needs is over, and why. A job of a workflow that is called needs the call to run. */
export function judgeCondition(state: RunState, jobIndex: number): Verdict {
  const around = callsAround(state, jobIndex);
  for (const [index, call] of around.entries()) {
    const needs = needsOfScope(state, call.needs);
    const context = () => scopeContext(state, around[index - 1] ?? null, needs, call.matrix);
    const verdict = judge(state, call.id, call.if, needs, context);
    if (verdict.kind !== 'run') return verdict;
  }
  const job = state.course.jobs[jobIndex]!;
  return judge(state, job.id, job.if, needsOfJob(state, jobIndex), () => jobContext(state, jobIndex));
}

function judge(
  state: RunState,
  id: string,
  condition: Expression | null,
  needs: readonly Need[],
  context: () => ExpressionContext,
): Verdict {
  const because = causesOf(state, needs);
  if (!condition) return judgeSuccess(needs, because);
  const result = evaluateCondition(condition, context(), because);
  if (!result.ok)
    return { kind: 'invalid', message: `the condition of ${id} cannot be evaluated: ${result.message}` };
  const { met, decision } = result.condition;
  return {
    kind: met ? 'run' : 'skip',
    reason: { sentence: decisionSentence(decision), decision: decision as unknown as JsonObject },
  };
}

/** The common case without an expression, kept off the evaluator's path: it is decided thousands of times. */
function judgeSuccess(needs: readonly Need[], because: Causes): Verdict {
  const reason = because.cancelledBecause ?? because.failedBecause ?? because.skippedBecause;
  if (!reason)
    return {
      kind: 'run',
      reason: { sentence: needs.length === 0 ? 'it needs nothing' : 'all it needs succeeded' },
    };
  const decision = { term: 'success()', value: 'false', because: reason, parts: [] };
  return { kind: 'skip', reason: { sentence: `success() is false because ${reason}`, decision } };
}

interface Causes {
  readonly failedBecause: string | null;
  readonly cancelledBecause: string | null;
  readonly skippedBecause: string | null;
}

function causesOf(state: RunState, needs: readonly Need[]): Causes {
  const failed: string[] = [];
  const skipped: string[] = [];
  let cancelledBecause = runCancelSentence(state);
  for (const { name, result, failedThrough } of needs) {
    if (result === 'failure') failed.push(`${name} failed`);
    else if (failedThrough) failed.push(`what ${name} needs failed`);
    if (result === 'skipped') skipped.push(name);
    if (result === 'cancelled') cancelledBecause ??= `${name} was cancelled`;
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
