import type { JsonObject, JsonValue } from '../base/json.ts';
import { evaluateTemplate } from '../pipeline/expression.ts';
import type { ExpressionContext, JobResult } from '../pipeline/expression-context.ts';
import { type RunContexts, runContextsOf, typedInputs } from '../pipeline/expression-run.ts';
import type { PlanCall, ScopeNeed, ScopeNeeds } from '../pipeline/plan-call.ts';
import type { Course } from './course.ts';
import type { RunState } from './state.ts';

/*
 * What jobs see of what was before them. In a workflow that calls others each file has names of its own, and a name may stand for
 * all the jobs of a call.
 */

/** What came of what stands under `needs` by a name. */
export interface Need {
  readonly name: string;
  readonly result: JobResult | null;
  readonly failedThrough: boolean;
  readonly outputs: JsonObject;
}

const NOTHING_FAILED = { failed: false, cancelled: false, skippedNeed: false };
const cache = new WeakMap<Course['request'], RunContexts>();
const calls = new WeakMap<Course, ReadonlyMap<string, PlanCall>>();

/** What every expression of the run can see. */
export function runContexts(course: Course): RunContexts {
  const { request } = course;
  let contexts = cache.get(request);
  if (!contexts) {
    contexts = runContextsOf(course.plan, course.request.source, course.request);
    cache.set(request, contexts);
  }
  return contexts;
}

/** The calls that a job is in, the outermost one first. */
export function callsAround(state: RunState, jobIndex: number): readonly PlanCall[] {
  const around: PlanCall[] = [];
  let id = state.course.jobs[jobIndex]!.workflow?.scope?.call ?? null;
  while (id !== null) {
    const call = callOf(state, id);
    around.unshift(call);
    id = call.parent;
  }
  return around;
}

/** What the job needs, in the words of its file. */
export function needsOfJob(state: RunState, jobIndex: number): readonly Need[] {
  const { scope } = state.course.jobs[jobIndex]!.workflow ?? {};
  if (scope) return needsOfScope(state, scope.needs);
  return state.course.needs[jobIndex]!.map((index) => jobNeed(state, state.course.jobs[index]!.id, index));
}

export function needsOfScope(state: RunState, needs: ScopeNeeds): readonly Need[] {
  return Object.entries(needs).flatMap(([name, need]) => needOf(state, name, need) ?? []);
}

/** What a condition or a matrix in the scope of a call sees; `call` null: in the workflow itself. */
export function scopeContext(
  state: RunState,
  call: PlanCall | null,
  needs: readonly Need[],
  matrix: JsonObject | null,
  contexts: RunContexts = runContexts(state.course),
): ExpressionContext {
  return {
    ...contexts,
    ...(call ? { inputs: inputsOfCall(state, call, contexts) } : {}),
    ...(matrix ? { matrix } : {}),
    needs: asContext(needs),
    status: statusOf(state, needs),
  };
}

/** The inputs that the jobs of a call see. `contexts`: what is known of the run. */
export function inputsOfCall(
  state: RunState,
  call: PlanCall,
  contexts: RunContexts = runContexts(state.course),
): JsonObject {
  const parent = call.parent === null ? null : callOf(state, call.parent);
  const context = scopeContext(state, parent, needsOfScope(state, call.needs), call.matrix, contexts);
  const pairs = Object.entries(call.inputs).flatMap(([name, { default: usual }]): [string, JsonValue][] => {
    const text = call.with[name] ?? usual;
    if (text === null) return [];
    const value = evaluateTemplate(text, context);
    return [[name, value.ok ? value.value : '']];
  });
  return typedInputs(call, Object.fromEntries(pairs));
}

/** What `needs` holds. */
export function asContext(needs: readonly Need[]): JsonObject {
  return Object.fromEntries(needs.map(({ name, result, outputs }) => [name, { result, outputs }]));
}

function callOf({ course }: RunState, id: string): PlanCall {
  let known = calls.get(course);
  if (!known) {
    known = new Map((course.plan.calls ?? []).map((call) => [call.id, call]));
    calls.set(course, known);
  }
  return known.get(id)!;
}

function statusOf(state: RunState, needs: readonly Need[]): ExpressionContext['status'] {
  const status = { ...NOTHING_FAILED, cancelled: state.cancels.length > 0 };
  for (const { result, failedThrough } of needs) {
    if (failedThrough) status.failed = true;
    if (result === 'cancelled') status.cancelled = true;
    if (result === 'skipped') status.skippedNeed = true;
  }
  return status;
}

/** null: it is no part of the run. */
function needOf(state: RunState, name: string, need: ScopeNeed): Need | null {
  if ('job' in need) {
    const index = state.course.jobIndex.get(need.job);
    return index === undefined ? null : jobNeed(state, name, index);
  }
  const called = need.calls.flatMap((id) => callNeed(state, name, callOf(state, id)) ?? []);
  return called.length === 0 ? null : together(name, called);
}

function jobNeed(state: RunState, name: string, index: number): Need {
  const { result, failedThrough, outputs } = state.jobs.at(index);
  return { name, result, failedThrough, outputs };
}

function callNeed(state: RunState, name: string, call: PlanCall): Need | null {
  const jobs = needsOfScope(state, call.jobs);
  if (jobs.length === 0) return null;
  const context = {
    ...runContexts(state.course),
    inputs: inputsOfCall(state, call),
    jobs: asContext(jobs),
    status: NOTHING_FAILED,
  };
  const outputs = Object.entries(call.outputs).map(([key, text]) => {
    const value = evaluateTemplate(text, context);
    return [key, value.ok ? value.value : ''] as const;
  });
  return { ...together(name, jobs), outputs: Object.fromEntries(outputs) };
}

/** Several as one: the worst of their results. */
function together(name: string, needs: readonly Need[]): Need {
  const results = new Set(needs.map(({ result }) => result));
  const result = (['failure', 'cancelled', 'success'] as const).find((one) => results.has(one)) ?? 'skipped';
  return {
    name,
    result,
    failedThrough: result !== 'success' && needs.some(({ failedThrough }) => failedThrough),
    outputs: Object.assign({}, ...needs.map(({ outputs }) => outputs)) as JsonObject,
  };
}
