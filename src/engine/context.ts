import type { JsonObject } from '../base/json.ts';
import type { ExpressionContext } from '../pipeline/expression-context.ts';
import { asContext, callsAround, needsOfJob, scopeContext } from './scope.ts';
import type { RunState } from './state.ts';

export { runContexts } from './scope.ts';

/** What the condition or the matrix of a job can see when all it needs is over. */
export function jobContext(state: RunState, jobIndex: number): ExpressionContext {
  const call = callsAround(state, jobIndex).at(-1) ?? null;
  return scopeContext(state, call, needsOfJob(state, jobIndex), null);
}

export function needsOf(state: RunState, jobIndex: number): JsonObject {
  return asContext(needsOfJob(state, jobIndex));
}
