import type { RunSource } from '../journal/run-event.ts';
import { evaluateTemplate } from '../pipeline/expression.ts';
import type { ExpressionContext } from '../pipeline/expression-context.ts';
import type { Plan } from '../pipeline/plan.ts';
import type { Given } from './given.ts';

const NOTHING_FAILED = { failed: false, cancelled: false, skippedNeed: false };

/** What conditions can see before a run: the same that the engine will give them, but for the run's id. */
export function forecastContext(plan: Plan, source: RunSource, given: Given): ExpressionContext {
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
    event: { name: given.event.name, payload: given.event.payload },
    run: { id: '' },
    pipeline: { name: plan.name, file: plan.file },
    inputs: given.inputs,
    status: NOTHING_FAILED,
  };
  const vars: Record<string, string> = {};
  for (const [name, template] of Object.entries({ ...plan.variables, ...given.variables })) {
    const value = evaluateTemplate(template, { ...base, vars });
    vars[name] = value.ok ? value.value : template;
  }
  return { ...base, vars };
}

/** The plan with only these jobs and what they need. */
export function withOnly(plan: Plan, only: readonly string[] | null): Plan {
  if (!only) return plan;
  const needs = new Map(plan.jobs.map((job) => [job.id, job.needs]));
  const wanted = new Set(only);
  for (const id of wanted) for (const need of needs.get(id) ?? []) wanted.add(need);
  const jobs = plan.jobs.filter((job) => wanted.has(job.id));
  const stages = new Set(jobs.map((job) => job.stage));
  return {
    ...plan,
    jobs,
    stages: plan.stages
      .filter((stage) => stages.has(stage.name))
      .map((stage) => ({ ...stage, dependsOn: stage.dependsOn.filter((name) => stages.has(name)) })),
  };
}
