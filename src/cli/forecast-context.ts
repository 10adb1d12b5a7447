import type { RunSource } from '../journal/run-event.ts';
import type { ExpressionContext } from '../pipeline/expression-context.ts';
import { runContextsOf } from '../pipeline/expression-run.ts';
import type { Plan } from '../pipeline/plan.ts';
import { judgeTrust } from '../pipeline/trust.ts';
import type { Given } from './given.ts';

const NOTHING_FAILED = { failed: false, cancelled: false, skippedNeed: false };

/** What conditions can see before a run: the same that the engine will give them, but for the run's id. */
export function forecastContext(plan: Plan, source: RunSource, given: Given): ExpressionContext {
  return {
    ...runContextsOf(plan, source, {
      ...given,
      trust: judgeTrust(given.event, given.untrusted).trust,
      runId: '',
    }),
    status: NOTHING_FAILED,
  };
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
