import type { ChunkedArray } from '../base/chunked-array.ts';
import type { Digest } from '../base/digest.ts';
import type { JsonObject } from '../base/json.ts';
import type { Approval } from '../gate/approval.ts';
import type {
  Cause,
  CellOutcome,
  KeptArtifact,
  ReportUse,
  RunEvent,
  RunOutcome,
} from '../journal/run-event.ts';
import type { JobResult } from '../pipeline/expression-context.ts';
import type { Course } from './course.ts';
import type { Heap } from './heap.ts';

/** The state of one run: a fold over its events (apply.ts). Immutable; changes share structure. */
export interface RunState {
  readonly course: Course;
  readonly requestedAtMs: number;
  /** The owner that accepted the run; null when it died before it said so. */
  readonly firstOwner: string | null;
  /** The present or last owner; null before there was one. */
  readonly owner: string | null;
  /** `waiting`: for the run's concurrency group. */
  readonly phase: 'waiting' | 'running' | 'finished';
  readonly outcome: RunOutcome | null;
  readonly jobs: ChunkedArray<JobState>;
  readonly cells: ChunkedArray<CellState>;
  /** Jobs whose needs are over and whose condition was not looked at yet, in the order of the plan. */
  readonly undecided: Heap | null;
  /** Cells that may start, by priority. */
  readonly ready: Heap | null;
  /** Indices of the cells a runner has. */
  readonly running: readonly number[];
  readonly jobsLeft: number;
  /** Cancel requests for the whole run, in order; a second one also stops what runs in spite of the first. */
  readonly cancels: readonly Cause[];
  /** Deadlines that have passed. */
  readonly runDeadlinePassed: boolean;
  readonly stages: Readonly<Record<string, StageState>>;
  /** Counts by outcome, for the run's own. */
  readonly outcomes: Readonly<Record<CellOutcome, number>>;
}

export interface StageState {
  /** When its first cell started. */
  readonly startedAtMs: number | null;
  readonly deadlinePassed: boolean;
}

export interface JobState {
  readonly phase: 'waiting' | 'ready' | 'over';
  /** Jobs it needs that are not over. */
  readonly needsLeft: number;
  /** Where its cells begin in `RunState.cells`, and how many there are; -1 while the matrix is not known. */
  readonly firstCell: number;
  readonly cellCount: number;
  readonly cellsLeft: number;
  /** Cells given into `RunState.ready` so far: with `max_parallel` the others follow one by one. */
  readonly released: number;
  readonly result: JobResult | null;
  /** Failed itself, or was skipped because something before it failed: what `failure()` asks for. */
  readonly failedThrough: boolean;
  readonly outputs: Readonly<Record<string, string>>;
  /** Artifacts of its cells, for the jobs behind it. */
  readonly kept: readonly KeptArtifact[];
  /** What its cells reported, for the gates behind it. */
  readonly reports: readonly CellReports[];
  /** Cells that succeeded, and what they took together. */
  readonly succeeded: number;
  readonly spentMs: number;
  readonly cancel: Cause | null;
  /** One failed cell stops the others. */
  readonly failsFast: boolean;
  /** At the same time; null: all. */
  readonly maxParallel: number | null;
  /** The cell whose failure stops the others. */
  readonly failFast: string | null;
  /** Its condition was found true although the run was being cancelled (`always()`, `cancelled()`): it runs on. */
  readonly runsWhenCancelled: boolean;
}

export interface CellReports {
  readonly cell: string;
  readonly reports: readonly ReportUse[];
  /** Where the files are kept; null when none could be. */
  readonly tree: Digest | null;
}

export interface CellState {
  readonly name: string;
  readonly job: number;
  readonly values: JsonObject | null;
  /** `held`: waits for its concurrency group. `delayed`: waits for the time of its next attempt. `asked`: waits for people. */
  readonly phase: 'waiting' | 'ready' | 'held' | 'delayed' | 'asked' | 'running' | 'over';
  readonly attempt: number;
  readonly notBeforeMs: number | null;
  /** Holds the job's concurrency group. */
  readonly admitted: boolean;
  readonly outcome: CellOutcome | null;
  readonly cancel: Cause | null;
  /** Steps of the present attempt that are over, and tries that were begun; kept only while the cell runs. */
  readonly sealed: readonly StepFinished[];
  readonly unsealed: readonly { readonly step: string; readonly try: number; readonly startedAtMs: number }[];
  /** When the present or last attempt was handed to a runner, and by which owner; null before the first attempt. */
  readonly started: { readonly atMs: number; readonly owner: string | null } | null;
  /** Of an approval, from the moment it is asked for. */
  readonly approval: Approval | null;
}

export type StepFinished = Extract<RunEvent, { type: 'step.finished' }>;

/** Index of a cell by its name. */
export function findCell(state: RunState, name: string): number {
  // The name of a job that a matrix of calls made has such a part itself.
  for (let end = name.indexOf(' ('); ; end = name.indexOf(' (', end + 1)) {
    const job = state.course.jobIndex.get(end < 0 ? name : name.slice(0, end));
    const found = job === undefined ? -1 : cellOfJob(state, job, name);
    if (found >= 0 || end < 0) return found;
  }
}

function cellOfJob(state: RunState, job: number, name: string): number {
  const { firstCell, cellCount } = state.jobs.at(job);
  for (let index = firstCell; index >= 0 && index < firstCell + cellCount; index++) {
    if (state.cells.at(index).name === name) return index;
  }
  return -1;
}

/** Why the cell must stop or may not start, or null. The order is that of the causes: a person's word comes first. */
export function stopCause(state: RunState, cell: CellState): Cause | null {
  const job = state.jobs.at(cell.job);
  const definition = state.course.jobs[cell.job]!;
  if (cell.cancel) return cell.cancel;
  if (job.cancel) return job.cancel;
  const runCancel = state.cancels[0];
  if (runCancel && !(job.runsWhenCancelled && state.cancels.length === 1)) return runCancel;
  if (state.runDeadlinePassed)
    return { kind: 'timeout', scope: 'run', limitMs: state.course.plan.timeoutMs ?? 0 };
  const stage = state.stages[definition.stage];
  // People have a deadline of their own: the stage's time is for its work.
  if (stage?.deadlinePassed && !definition.approval) {
    return {
      kind: 'timeout',
      scope: 'stage',
      limitMs: state.course.stageOf.get(definition.stage)?.timeoutMs ?? 0,
    };
  }
  if (job.failFast && job.failFast !== cell.name) {
    return { kind: 'cancelled', by: 'fail-fast', reason: `${job.failFast} failed` };
  }
  return null;
}
