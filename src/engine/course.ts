import type { RunEvent } from '../journal/run-event.ts';
import { unpackPlan } from '../pipeline/packed-plan.ts';
import type { Plan, PlanJob, PlanStage } from '../pipeline/plan.ts';

export type RunRequested = Extract<RunEvent, { type: 'run.requested' }>;

/** What of a run never changes, indexed for quick decisions. Jobs are spoken of by their index here. */
export interface Course {
  /** Without its plan, which is large: the unpacked one below is enough. */
  readonly request: Omit<RunRequested, 'plan'>;
  readonly plan: Plan;
  readonly jobs: readonly PlanJob[];
  readonly jobIndex: ReadonlyMap<string, number>;
  /** For each job the jobs it needs, and the jobs that need it. */
  readonly needs: readonly (readonly number[])[];
  readonly dependents: readonly (readonly number[])[];
  /** Longest expected time from the start of the job to the end of the last job that depends on it; decides who goes first. */
  readonly priority: readonly number[];
  readonly stageOf: ReadonlyMap<string, PlanStage>;
}

/** What a job is thought to take when nothing is known of it: long enough that a chain outranks single jobs. */
const EXPECTED_MS_UNKNOWN = 10_000;

export function courseOf({ plan: packed, ...request }: RunRequested): Course {
  const plan = unpackPlan(packed);
  const wanted = wantedJobs(plan.jobs, request.only);
  const jobs = wanted ? plan.jobs.filter((job) => wanted.has(job.id)) : plan.jobs;
  const jobIndex = new Map(jobs.map((job, index) => [job.id, index]));
  const needs = jobs.map((job) =>
    job.needs.map((id) => jobIndex.get(id)).filter((index) => index !== undefined),
  );
  const dependents: number[][] = jobs.map(() => []);
  for (const [index, needed] of needs.entries()) for (const other of needed) dependents[other]!.push(index);
  return {
    request,
    plan,
    jobs,
    jobIndex,
    needs,
    dependents,
    priority: longestRemaining(jobs, needs, dependents, request.expectedMs),
    stageOf: new Map(plan.stages.map((stage) => [stage.name, stage])),
  };
}

/** The named jobs and everything they need, or null for all. */
function wantedJobs(jobs: readonly PlanJob[], only: readonly string[] | null): Set<string> | null {
  if (!only) return null;
  const byId = new Map(jobs.map((job) => [job.id, job]));
  const wanted = new Set<string>();
  const open = [...only];
  while (open.length > 0) {
    const id = open.pop()!;
    if (wanted.has(id)) continue;
    wanted.add(id);
    open.push(...(byId.get(id)?.needs ?? []));
  }
  return wanted;
}

/** Walks the graph from its ends, in one pass over all edges. */
function longestRemaining(
  jobs: readonly PlanJob[],
  needs: readonly (readonly number[])[],
  dependents: readonly (readonly number[])[],
  expectedMs: Readonly<Record<string, number>>,
): number[] {
  const longest = jobs.map((job) => expectedMs[job.id] ?? EXPECTED_MS_UNKNOWN);
  const openDependents = dependents.map((list) => list.length);
  const ends = jobs.map((_, index) => index).filter((index) => openDependents[index] === 0);
  while (ends.length > 0) {
    const index = ends.pop()!;
    const behind = Math.max(0, ...dependents[index]!.map((dependent) => longest[dependent]!));
    longest[index] = longest[index]! + behind;
    for (const needed of needs[index]!) {
      openDependents[needed] = openDependents[needed]! - 1;
      if (openDependents[needed] === 0) ends.push(needed);
    }
  }
  return longest;
}
