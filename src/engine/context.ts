import type { JsonObject } from '../base/json.ts';
import { evaluateTemplate } from '../pipeline/expression.ts';
import type { ExpressionContext } from '../pipeline/expression-context.ts';
import type { Course, RunRequested } from './course.ts';
import type { RunState } from './state.ts';

/** The parts of an expression's context that are the same for the whole run. */
export type RunContexts = Readonly<
  Record<'git' | 'event' | 'run' | 'pipeline' | 'inputs' | 'vars', JsonObject>
>;

const NOTHING_FAILED = { failed: false, cancelled: false, skippedNeed: false };

const cache = new WeakMap<RunRequested, RunContexts>();

export function runContexts(course: Course): RunContexts {
  const { request } = course;
  let contexts = cache.get(request);
  if (!contexts) {
    contexts = computeContexts(course);
    cache.set(request, contexts);
  }
  return contexts;
}

function computeContexts({ request, plan }: Course): RunContexts {
  const { source } = request;
  const base = {
    git: {
      branch: source.branch,
      tag: source.tag,
      ref: source.tag ? `refs/tags/${source.tag}` : source.branch ? `refs/heads/${source.branch}` : '',
      sha: source.commit,
      short_sha: source.commit?.slice(0, 7) ?? null,
      dirty: source.dirty,
      repository: source.repository,
    },
    event: { name: request.event.name, payload: request.event.payload },
    run: { id: request.runId },
    pipeline: { name: request.pipeline, file: request.file },
    inputs: request.inputs,
    vars: {},
  };
  const vars: Record<string, string> = {};
  for (const [name, template] of Object.entries({ ...plan.variables, ...request.variables })) {
    const value = evaluateTemplate(template, { ...base, vars, status: NOTHING_FAILED });
    // A variable that cannot be evaluated stays as written: the runner reports it where it is used.
    vars[name] = value.ok ? value.value : template;
  }
  return { ...base, vars };
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
