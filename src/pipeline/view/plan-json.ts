import type { JsonObject } from '../../base/json.ts';
import type { Plan } from '../plan.ts';
import type { Forecast } from './forecast.ts';

/** The plan and its forecast for programs: everything the plan says, and beside it what a run would be. */
export function planJson(plan: Plan, forecast: Forecast): JsonObject {
  const { stages, ...course } = forecast;
  const outlook = Object.fromEntries(
    stages.flatMap((stage) => stage.jobs.map(({ id, ...job }) => [id, job])),
  );
  return { schemaVersion: 1, plan, forecast: { ...course, jobs: outlook } } as unknown as JsonObject;
}
