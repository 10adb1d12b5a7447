import type { JsonObject } from '../base/json.ts';
import type { Trust } from '../journal/event.ts';
import type { RunSource } from '../journal/run-event.ts';
import { evaluateTemplate } from './expression.ts';
import type { Plan } from './plan.ts';

/** The parts of an expression's context that are the same for the whole run. */
export type RunContexts = Readonly<
  Record<'git' | 'event' | 'run' | 'pipeline' | 'inputs' | 'vars', JsonObject>
>;

const NOTHING_FAILED = { failed: false, cancelled: false, skippedNeed: false };

/**
 * What every expression of a run can see. One function for the forecast and the engine, so that `plan` shows what `run`
 * does. `variables` go over the plan's; `runId` is empty before there is a run.
 */
export function runContextsOf(
  plan: Plan,
  source: RunSource,
  given: {
    readonly runId: string;
    readonly event: { readonly name: string; readonly payload: JsonObject };
    readonly inputs: JsonObject;
    readonly variables: Readonly<Record<string, string>>;
    /** Not said: trusted. */
    readonly trust?: Trust;
    readonly number?: number;
    readonly attempt?: number;
    /** Accounts of who asked for the run, the first one first. */
    readonly askedBy?: readonly string[];
  },
): RunContexts {
  const isWorkflow = plan.dialect === 'github';
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
    event: {
      name: given.event.name,
      payload: given.event.payload,
      ...(isWorkflow && given.askedBy ? { actor: given.askedBy[0] ?? null } : {}),
    },
    run: {
      id: given.runId,
      trust: given.trust ?? 'trusted',
      ...(given.number !== undefined ? { number: given.number } : {}),
      ...(isWorkflow && given.attempt !== undefined ? { attempt: given.attempt } : {}),
    },
    pipeline: { name: plan.name, file: plan.file },
    inputs: plan.dialect === 'github' ? typedInputs(plan, given.inputs) : given.inputs,
  };
  const vars: Record<string, string> = {};
  for (const [name, template] of Object.entries({ ...plan.variables, ...given.variables })) {
    const value = evaluateTemplate(template, { ...base, vars, status: NOTHING_FAILED });
    // A variable that cannot be evaluated stays as written: the runner reports it where it is used.
    vars[name] = value.ok ? value.value : template;
  }
  return { ...base, vars };
}

/** Texts as the kinds that a workflow declares. What is no number stays as it was given. */
export function typedInputs({ inputs }: Pick<Plan, 'inputs'>, given: JsonObject): JsonObject {
  const pairs = Object.entries(given).map(([name, value]) => {
    const type = Object.hasOwn(inputs, name) ? inputs[name]!.type : undefined;
    if (type === 'boolean') return [name, value === true || value === 'true'] as const;
    const number = type === 'number' && value !== '' ? Number(value) : Number.NaN;
    return [name, Number.isFinite(number) ? number : value] as const;
  });
  return Object.fromEntries(pairs);
}
