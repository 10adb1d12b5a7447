import type { ExpressionContext } from '../expression-context.ts';
import { cellName, type Plan, type PlanJob } from '../plan.ts';
import { CallOutlook } from './call-outlook.ts';
import { foresee, type Needed, type Outlook } from './foresee.ts';
import { type Graph, graphOf, sharedNeeds } from './graph.ts';
import { jobMs, totalMs, type Work } from './schedule.ts';
import { surroundingsOf } from './surroundings.ts';

export interface ForecastInput {
  /** Expected duration of one cell of a job in milliseconds, from earlier runs. */
  readonly expectedMs: Readonly<Record<string, number>>;
  readonly workersMax: number;
  /** What is known before the run: git, event, pipeline, inputs and vars count. */
  readonly context: ExpressionContext;
}

/** What a run of the plan would be, as far as it can be known now. Plain data. */
export interface Forecast {
  readonly pipeline: string;
  readonly file: string;
  readonly stages: readonly StageForecast[];
  readonly workersMax: number;
  /** Over all jobs that would run; those with an open matrix count as one. */
  readonly cells: number;
  /** From the start to the end of the run with that many workers. null: nothing is known of any job. */
  readonly totalMs: number | null;
  /** The chain of jobs that no number of workers makes shorter. */
  readonly criticalPath: { readonly jobs: readonly string[]; readonly ms: number | null };
  /** Jobs that would run and of which nothing is known; they are taken to last as long as the median of the others. */
  readonly withoutHistory: readonly string[];
}

export interface StageForecast {
  readonly name: string;
  readonly dependsOn: readonly string[];
  readonly jobs: readonly JobForecast[];
}

export interface JobForecast {
  readonly id: string;
  readonly needs: readonly string[];
  /** Names of its cells; null while its matrix is not known. */
  readonly cells: readonly string[] | null;
  readonly outlook: Outlook;
  /** After the start of the run, with enough workers. null: not known, or it would not run. */
  readonly startMs: number | null;
  /** Of the whole job, with enough workers; null like `startMs`. */
  readonly durationMs: number | null;
  readonly critical: boolean;
  /** What it has around its steps, one sentence each. */
  readonly surroundings: readonly string[];
}

/**
 * Looks ahead: what would run, what would be skipped and why, when each job can start, the critical path, and how long
 * the whole takes. The cost is linear in cells and needs, but for a logarithm.
 */
export function planForecast(plan: Plan, input: ForecastInput): Forecast {
  const graph = graphOf(plan.jobs);
  const outlooks = plan.calls
    ? outlooksInCalls(plan, graph, input.context)
    : outlooksOf(plan.jobs, graph, input.context);
  const expected = plan.jobs.map((job) =>
    Object.hasOwn(input.expectedMs, job.id) ? input.expectedMs[job.id]! : null,
  );
  const typicalMs = median(expected.filter((ms) => ms !== null));
  const works = plan.jobs.map((job, index) =>
    workOf(job, outlooks[index]!, expected[index] ?? typicalMs ?? 1),
  );
  const times = timesOf(graph, works);
  const path = criticalPath(graph, works, times);
  const onPath = new Set(path);
  const known = typicalMs !== null;
  const needs = sharedNeeds(plan.jobs);

  const jobs = plan.jobs.map((job, index): JobForecast => {
    const runs = works[index]!.cells > 0;
    return {
      id: job.id,
      needs: needs[index]!,
      cells: cellNames(job),
      outlook: outlooks[index]!,
      startMs: runs && known ? times[index]!.startMs : null,
      durationMs: runs && known ? times[index]!.endMs - times[index]!.startMs : null,
      critical: onPath.has(index),
      surroundings: surroundingsOf(job),
    };
  });
  const last = path.at(-1);
  return {
    pipeline: plan.name,
    file: plan.file,
    stages: stagesOf(plan, jobs),
    workersMax: input.workersMax,
    cells: works.reduce((sum, work) => sum + work.cells, 0),
    totalMs: known ? totalMs(graph, works, input.workersMax) : null,
    criticalPath: {
      jobs: path.map((index) => plan.jobs[index]!.id),
      ms: known ? (last === undefined ? 0 : times[last]!.endMs) : null,
    },
    withoutHistory: plan.jobs
      .filter((_job, index) => works[index]!.cells > 0 && expected[index] === null)
      .map((job) => job.id),
  };
}

/** In the order of needs, as a job that is skipped for certain makes success() of its dependents false. */
function outlooksOf(jobs: readonly PlanJob[], graph: Graph, context: ExpressionContext): readonly Outlook[] {
  const outlooks: Outlook[] = new Array(jobs.length);
  const neededOf = new Map<number, Needed>();
  for (const index of graph.order) {
    const barrier = graph.barrierOf[index]!;
    let needed = neededOf.get(barrier);
    if (!needed) {
      const needs = graph.barriers[barrier]!;
      const first = (kind: Outlook['kind']) =>
        jobs[needs.find((need) => outlooks[need]!.kind === kind) ?? -1]?.id ?? null;
      needed = { skipped: first('skipped'), standby: first('standby') };
      neededOf.set(barrier, needed);
    }
    outlooks[index] = foresee(jobs[index]!.if, context, needed);
  }
  return outlooks;
}

function outlooksInCalls(plan: Plan, graph: Graph, context: ExpressionContext): readonly Outlook[] {
  const calls = new CallOutlook(plan, context);
  const outlooks: Outlook[] = new Array(plan.jobs.length);
  for (const index of graph.order) outlooks[index] = calls.foresee(plan.jobs[index]!);
  return outlooks;
}

function workOf(job: PlanJob, outlook: Outlook, cellMs: number): Work {
  const runs = outlook.kind === 'runs' || outlook.kind === 'open';
  const cells = job.matrix?.cells?.length ?? 1;
  return { cells: runs ? cells : 0, cellMs, parallelMax: job.matrix?.maxParallel ?? null };
}

function cellNames(job: PlanJob): readonly string[] | null {
  if (!job.matrix) return [job.id];
  return job.matrix.cells?.map((values) => cellName(job.id, values)) ?? null;
}

interface Times {
  readonly startMs: number;
  readonly endMs: number;
}

function timesOf(graph: Graph, works: readonly Work[]): readonly Times[] {
  const times: Times[] = new Array(works.length);
  const startOf = new Map<number, number>();
  for (const index of graph.order) {
    const barrier = graph.barrierOf[index]!;
    let startMs = startOf.get(barrier);
    if (startMs === undefined) {
      startMs = graph.barriers[barrier]!.reduce((latest, need) => Math.max(latest, times[need]!.endMs), 0);
      startOf.set(barrier, startMs);
    }
    times[index] = { startMs, endMs: startMs + jobMs(works[index]!) };
  }
  return times;
}

/** From the first job to the one that ends last; jobs that will not run are left out. */
function criticalPath(graph: Graph, works: readonly Work[], times: readonly Times[]): readonly number[] {
  let at = graph.order.reduce(
    (last, index) => (times[index]!.endMs > (times[last]?.endMs ?? 0) ? index : last),
    -1,
  );
  const path: number[] = [];
  while (at >= 0) {
    if (works[at]!.cells > 0) path.push(at);
    const { startMs } = times[at]!;
    at =
      startMs === 0
        ? -1
        : graph.barriers[graph.barrierOf[at]!]!.find((need) => times[need]!.endMs === startMs)!;
  }
  return path.reverse();
}

function stagesOf(plan: Plan, jobs: readonly JobForecast[]): readonly StageForecast[] {
  const byStage = new Map<string, JobForecast[]>(plan.stages.map((stage) => [stage.name, []]));
  for (const [index, job] of jobs.entries()) byStage.get(plan.jobs[index]!.stage)?.push(job);
  return plan.stages.map(({ name, dependsOn }) => ({ name, dependsOn, jobs: byStage.get(name)! }));
}

function median(values: readonly number[]): number | null {
  if (values.length === 0) return null;
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
