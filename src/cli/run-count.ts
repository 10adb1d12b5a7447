import type { CellView, JobView, RunView, StageView } from '../client/run-view.ts';
import type { CellOutcome } from '../journal/run-event.ts';

/** How far some cells are, and the one word for all of them. */
export interface Count {
  readonly total: number;
  readonly finished: number;
  readonly running: number;
  /** Wait for people. */
  readonly asked: number;
  readonly failed: number;
  readonly warned: number;
  readonly skipped: number;
  readonly state: 'waiting' | 'running' | 'finished';
  /** The worst outcome so far: failed before cancelled before warned before succeeded; null before the first. */
  readonly outcome: CellOutcome | null;
}

/** A job whose matrix is not known yet counts as one cell that waits. */
export function countJobs(jobs: readonly JobView[]): Count {
  let total = 0;
  let waiting = 0;
  const outcomes = new Map<CellOutcome, number>();
  let running = 0;
  let asked = 0;
  for (const job of jobs) {
    if (!job.cells) {
      total++;
      waiting++;
      continue;
    }
    for (const cell of job.cells) {
      total++;
      if (cell.state === 'running') running++;
      else if (cell.state === 'asked') asked++;
      else if (cell.state !== 'finished') waiting++;
      else if (cell.outcome) outcomes.set(cell.outcome, (outcomes.get(cell.outcome) ?? 0) + 1);
    }
  }
  const finished = total - waiting - running - asked;
  const of = (outcome: CellOutcome): number => outcomes.get(outcome) ?? 0;
  const failed = of('failed') + of('errored');
  return {
    total,
    finished,
    running,
    asked,
    failed,
    warned: of('warned'),
    skipped: of('skipped'),
    state: finished === total ? 'finished' : running > 0 || asked > 0 || finished > 0 ? 'running' : 'waiting',
    outcome: WORST_FIRST.find((outcome) => of(outcome) > 0) ?? null,
  };
}

const WORST_FIRST: readonly CellOutcome[] = [
  'errored',
  'failed',
  'cancelled',
  'warned',
  'succeeded',
  'skipped',
];

export function countStage(stage: StageView): Count {
  return countJobs(stage.jobs);
}

export function allJobs(view: RunView): JobView[] {
  return view.stages.flatMap((stage) => stage.jobs);
}

/** Every cell that is known, in the order of the plan, with its job and stage. */
export function allCells(
  view: RunView,
): { readonly cell: CellView; readonly job: JobView; readonly stage: StageView }[] {
  return view.stages.flatMap((stage) =>
    stage.jobs.flatMap((job) => (job.cells ?? []).map((cell) => ({ cell, job, stage }))),
  );
}

/** How long the run has gone on, in milliseconds. */
export function elapsedMs(view: RunView, nowMs: number): number {
  return view.durationMs ?? Math.max(0, nowMs - view.requestedAtMs);
}

/** What is left of some jobs from the first start to the last end, in milliseconds; null before the first start. */
export function spanMs(jobs: readonly JobView[], nowMs: number): number | null {
  let start = Number.POSITIVE_INFINITY;
  let end = 0;
  for (const job of jobs) {
    for (const cell of job.cells ?? []) {
      if (cell.startedAtMs === null) continue;
      start = Math.min(start, cell.startedAtMs);
      end = Math.max(end, cell.durationMs === null ? nowMs : cell.startedAtMs + cell.durationMs);
    }
  }
  return start === Number.POSITIVE_INFINITY ? null : Math.max(0, end - start);
}

/** Jobs beyond which the way to the end is not worth computing for every frame. */
const REMAINING_JOBS_MAX = 2000;

/**
 * About how long the run still takes: the longest way through what is not over, by what the jobs took before.
 * null when for some job nothing is known, or when that time has passed.
 */
export function remainingMs(view: RunView, nowMs: number): number | null {
  const jobs = allJobs(view);
  if (jobs.length > REMAINING_JOBS_MAX) return null;
  const byId = new Map(jobs.map((job) => [job.id, job]));
  const known = new Map<string, number>();
  const rest = (job: JobView): number => {
    const seen = known.get(job.id);
    if (seen !== undefined) return seen;
    const before = Math.max(0, ...job.needs.map((need) => (byId.has(need) ? rest(byId.get(need)!) : 0)));
    const value = before + jobRestMs(job, nowMs);
    known.set(job.id, value);
    return value;
  };
  const longest = Math.max(0, ...jobs.map(rest));
  return Number.isFinite(longest) && longest > 0 ? longest : null;
}

function jobRestMs(job: JobView, nowMs: number): number {
  const count = countJobs([job]);
  if (count.state === 'finished') return 0;
  if (job.expectedMs === null) return Number.POSITIVE_INFINITY;
  const starts = (job.cells ?? [])
    .filter((cell) => cell.state === 'running')
    .map((cell) => cell.startedAtMs ?? nowMs);
  return starts.length === 0 ? job.expectedMs : Math.max(0, job.expectedMs - (nowMs - Math.max(...starts)));
}
