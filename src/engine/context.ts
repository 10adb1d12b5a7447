import type { JsonObject } from '../base/json.ts';
import type { ExpressionContext } from '../pipeline/expression-context.ts';
import { type RunContexts, runContextsOf } from '../pipeline/expression-run.ts';
import type { Course } from './course.ts';
import type { RunState } from './state.ts';

const cache = new WeakMap<Course['request'], RunContexts>();

export function runContexts(course: Course): RunContexts {
  const { request } = course;
  let contexts = cache.get(request);
  if (!contexts) {
    contexts = runContextsOf(course.plan, course.request.source, course.request);
    cache.set(request, contexts);
  }
  return contexts;
}

/** What the condition or the matrix of a job can see when all it needs is over. */
export function jobContext(state: RunState, jobIndex: number): ExpressionContext {
  return { ...runContexts(state.course), needs: needsOf(state, jobIndex), status: statusOf(state, jobIndex) };
}

export function needsOf(state: RunState, jobIndex: number): JsonObject {
  const needs: Record<string, JsonObject> = {};
  for (const needed of state.course.needs[jobIndex]!) {
    const job = state.jobs.at(needed);
    needs[state.course.jobs[needed]!.id] = { result: job.result, outputs: job.outputs };
  }
  return needs;
}

function statusOf(state: RunState, jobIndex: number): ExpressionContext['status'] {
  const status = { failed: false, cancelled: state.cancels.length > 0, skippedNeed: false };
  for (const needed of state.course.needs[jobIndex]!) {
    const { result, failedThrough } = state.jobs.at(needed);
    if (failedThrough) status.failed = true;
    if (result === 'cancelled') status.cancelled = true;
    if (result === 'skipped') status.skippedNeed = true;
  }
  return status;
}
