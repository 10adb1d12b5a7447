import { ChunkedArray } from '../base/chunked-array.ts';
import type { JsonObject } from '../base/json.ts';
import { unreachable } from '../base/unreachable.ts';
import type { Approval } from '../gate/approval.ts';
import type { Cause, CellExtras, CellOutcome, KeptArtifact, RunEvent } from '../journal/run-event.ts';
import type { JobResult } from '../pipeline/expression-context.ts';
import { cellName } from '../pipeline/plan.ts';
import { answered, asked, expired, rejected, used } from './apply-approval.ts';
import { courseOf, type RunRequested } from './course.ts';
import { type Heap, insert, withoutFirst } from './heap.ts';
import { type CellReports, type CellState, findCell, type JobState, type RunState } from './state.ts';

/** Shared, because 10,000 cells have nothing most of the time. */
const NO_STEPS: readonly never[] = [];
const NO_OUTPUTS: Readonly<Record<string, string>> = {};
const NOTHING_KEPT: readonly KeptArtifact[] = [];
const NOTHING_REPORTED: readonly CellReports[] = [];

/** The state of a run that was just asked for. */
export function begin(request: RunRequested, at: number): RunState {
  const course = courseOf(request);
  const cells: CellState[] = [];
  const jobs = course.jobs.map((job, index): JobState => {
    const combinations = job.matrix ? job.matrix.cells : [null];
    const firstCell = cells.length;
    for (const values of combinations ?? []) cells.push(newCell(index, job.id, values));
    return {
      phase: 'waiting',
      needsLeft: course.needs[index]!.length,
      firstCell: combinations ? firstCell : -1,
      cellCount: combinations?.length ?? 0,
      cellsLeft: combinations?.length ?? 0,
      released: 0,
      result: null,
      failedThrough: false,
      outputs: NO_OUTPUTS,
      kept: NOTHING_KEPT,
      reports: NOTHING_REPORTED,
      succeeded: 0,
      spentMs: 0,
      cancel: null,
      failsFast: job.matrix?.failFast ?? false,
      maxParallel: job.matrix?.maxParallel ?? null,
      failFast: null,
      runsWhenCancelled: false,
    };
  });
  return {
    course,
    requestedAtMs: at,
    firstOwner: null,
    owner: null,
    phase: course.plan.concurrency ? 'waiting' : 'running',
    outcome: null,
    jobs: ChunkedArray.from(jobs),
    cells: ChunkedArray.from(cells),
    undecided: jobs.reduce<Heap | null>(
      (heap, job, i) => (job.needsLeft === 0 ? insert(heap, 0, i) : heap),
      null,
    ),
    ready: null,
    running: [],
    jobsLeft: jobs.length,
    cancels: [],
    runDeadlinePassed: false,
    stages: Object.fromEntries(
      course.plan.stages.map((stage) => [stage.name, { startedAtMs: null, deadlinePassed: false }]),
    ),
    outcomes: { succeeded: 0, warned: 0, failed: 0, cancelled: 0, skipped: 0, errored: 0 },
  };
}

/**
 * The state after an event that happened at `at`. Pure; decides nothing. Replaying a journal is a fold with it.
 * Cells leave the queue lazily: one that is no longer ready is dropped when it comes to the front.
 */
export function apply(state: RunState, event: RunEvent, at: number): RunState {
  const next = applyEvent(state, event, at);
  let { ready } = next;
  while (ready && next.cells.at(ready.index).phase !== 'ready') ready = withoutFirst(ready);
  return ready === next.ready ? next : { ...next, ready };
}

function applyEvent(state: RunState, event: RunEvent, at: number): RunState {
  switch (event.type) {
    case 'run.requested':
      return begin(event, at);
    case 'run.owned':
      return { ...state, owner: event.owner, ...(event.resumed ? {} : { firstOwner: event.owner }) };
    case 'run.warning':
      return state;
    case 'run.waiting':
      return event.cell === null ? state : changeCell(state, event.cell, { phase: 'held' });
    case 'run.admitted':
      return event.cell === null
        ? { ...state, phase: state.phase === 'waiting' ? 'running' : state.phase }
        : makeReady(changeCell(state, event.cell, { admitted: true }), event.cell);
    case 'run.cancel-requested':
      return applyCancel(state, event.target, { kind: 'cancelled', by: event.by, reason: event.reason });
    case 'deadline.passed':
      return event.scope === 'run'
        ? { ...state, runDeadlinePassed: true }
        : changeStage(state, event.stage!, { deadlinePassed: true });
    case 'matrix.expanded':
      return applyMatrix(state, event.job, event.cells);
    case 'job.ready':
      return applyReady(state, state.course.jobIndex.get(event.job)!, event);
    case 'cell.skipped':
      return jobOver(withOutcome(state, 'skipped'), state.course.jobIndex.get(event.job)!, 'skipped');
    case 'cell.queued':
      return makeReady(
        changeCell(state, event.cell, { attempt: event.attempt, notBeforeMs: null }),
        event.cell,
      );
    case 'cell.started':
      return applyStarted(state, event.cell, event.attempt, at);
    case 'step.started':
      return changeRunning(state, event.cell, (cell) => ({
        unsealed: [...cell.unsealed, { step: event.step, try: event.try, startedAtMs: at }],
      }));
    case 'step.finished':
      return changeRunning(state, event.cell, (cell) => ({
        sealed: [...cell.sealed, event],
        unsealed: cell.unsealed.filter((one) => one.step !== event.step),
      }));
    case 'approval.requested':
      return changeCell(state, event.cell, asked(state, event));
    case 'approval.given':
      return changeAsked(state, event.cell, (approval) => answered(approval, event, at));
    case 'approval.rejected':
      return changeAsked(state, event.cell, (approval) => rejected(approval, event, at));
    case 'approval.expired':
      return changeAsked(state, event.cell, (approval) => expired(approval, event));
    case 'approval.answered':
    case 'approval.refused':
      return state;
    case 'cell.finished':
      return applyFinished(state, event, at);
    case 'run.finished':
      return { ...state, phase: 'finished', outcome: event.outcome };
    default:
      return unreachable(event, 'every run event changes the state in a known way');
  }
}

function newCell(job: number, jobId: string, values: JsonObject | null): CellState {
  return {
    name: cellName(jobId, values),
    job,
    values,
    phase: 'waiting',
    attempt: 1,
    notBeforeMs: null,
    admitted: false,
    outcome: null,
    cancel: null,
    sealed: NO_STEPS,
    unsealed: NO_STEPS,
    started: null,
    approval: null,
  };
}

function changeCell(state: RunState, name: string, change: Partial<CellState>): RunState {
  const index = findCell(state, name);
  return index < 0
    ? state
    : { ...state, cells: state.cells.with(index, { ...state.cells.at(index), ...change }) };
}

function changeRunning(
  state: RunState,
  name: string,
  change: (cell: CellState) => Partial<CellState>,
): RunState {
  const index = findCell(state, name);
  if (index < 0) return state;
  const cell = state.cells.at(index);
  return cell.phase === 'running'
    ? { ...state, cells: state.cells.with(index, { ...cell, ...change(cell) }) }
    : state;
}

function changeAsked(state: RunState, name: string, change: (approval: Approval) => Approval): RunState {
  const index = findCell(state, name);
  const approval = index < 0 ? null : state.cells.at(index).approval;
  return approval ? changeCell(state, name, { approval: change(approval) }) : state;
}

function changeJob(state: RunState, index: number, change: Partial<JobState>): RunState {
  return { ...state, jobs: state.jobs.with(index, { ...state.jobs.at(index), ...change }) };
}

function changeStage(state: RunState, name: string, change: Partial<RunState['stages'][string]>): RunState {
  return { ...state, stages: { ...state.stages, [name]: { ...state.stages[name]!, ...change } } };
}

function makeReady(state: RunState, name: string): RunState {
  const index = findCell(state, name);
  if (index < 0 || state.cells.at(index).phase === 'over') return state;
  return releaseCell(state, index);
}

function releaseCell(state: RunState, index: number): RunState {
  const cell = state.cells.at(index);
  return {
    ...state,
    cells: state.cells.with(index, { ...cell, phase: 'ready' }),
    ready: insert(state.ready, priorityOf(state, cell.job), index),
  };
}

/** Approvals come first: they take no worker, and people are slow. */
function priorityOf({ course }: RunState, job: number): number {
  return course.jobs[job]!.approval ? Number.MAX_VALUE : course.priority[job]!;
}

function applyCancel(
  state: RunState,
  target: Extract<RunEvent, { type: 'run.cancel-requested' }>['target'],
  cause: Cause,
): RunState {
  switch (target.kind) {
    case 'run':
      return { ...state, cancels: [...state.cancels, cause] };
    case 'job': {
      const index = state.course.jobIndex.get(target.job);
      return index === undefined ? state : changeJob(state, index, { cancel: cause });
    }
    case 'cell':
      return changeCell(state, target.cell, { cancel: cause });
    case 'step':
      // The runner that has the step is told by a command; what comes of it arrives as the step's receipt.
      return state;
    default:
      return unreachable(target, 'a cancellation has a target');
  }
}

function applyMatrix(state: RunState, jobId: string, combinations: readonly JsonObject[]): RunState {
  const index = state.course.jobIndex.get(jobId)!;
  const firstCell = state.cells.length;
  const cells = state.cells.concat(combinations.map((values) => newCell(index, jobId, values)));
  return changeJob({ ...state, cells }, index, {
    firstCell,
    cellCount: combinations.length,
    cellsLeft: combinations.length,
  });
}

function applyReady(
  state: RunState,
  index: number,
  { failFast, maxParallel: most }: Extract<RunEvent, { type: 'job.ready' }>,
): RunState {
  const job = state.jobs.at(index);
  const maxParallel = most ?? job.maxParallel;
  const released = Math.min(job.cellCount, maxParallel ?? job.cellCount);
  let next = changeJob(state, index, {
    phase: 'ready',
    released,
    maxParallel,
    failsFast: failFast ?? job.failsFast,
    runsWhenCancelled: state.cancels.length > 0,
  });
  next = { ...next, undecided: withoutDecided(next.undecided, next.jobs) };
  for (let i = 0; i < released; i++) next = releaseCell(next, job.firstCell + i);
  return next;
}

function applyStarted(state: RunState, name: string, attempt: number, at: number): RunState {
  const index = findCell(state, name);
  const cell = state.cells.at(index);
  const stage = state.course.jobs[cell.job]!.stage;
  const next: RunState = {
    ...state,
    cells: state.cells.with(index, {
      ...cell,
      phase: 'running',
      attempt,
      sealed: [],
      unsealed: [],
      started: { atMs: at, owner: state.owner },
    }),
    running: [...state.running, index],
  };
  return state.stages[stage]?.startedAtMs === null ? changeStage(next, stage, { startedAtMs: at }) : next;
}

function applyFinished(
  state: RunState,
  event: Extract<RunEvent, { type: 'cell.finished' }>,
  at: number,
): RunState {
  const jobIndex = state.course.jobIndex.get(event.job)!;
  const job = state.jobs.at(jobIndex);
  if (job.phase === 'waiting') {
    // The whole job ends before it began: refused, invalid or cancelled.
    return jobOver(withOutcome(state, event.outcome), jobIndex, resultOf(event.outcome));
  }
  const index = findCell(state, event.cell);
  const cell = state.cells.at(index);
  const running = state.running.filter((other) => other !== index);
  if (event.retry) {
    const waiting = {
      ...cell,
      phase: 'delayed' as const,
      attempt: event.attempt + 1,
      notBeforeMs: at + event.retry.afterMs,
      sealed: [],
      unsealed: [],
    };
    return { ...state, running, cells: state.cells.with(index, waiting) };
  }
  const over = {
    ...cell,
    phase: 'over' as const,
    outcome: event.outcome,
    sealed: NO_STEPS,
    unsealed: NO_STEPS,
    approval: cell.approval && event.outcome === 'succeeded' ? used(cell.approval) : cell.approval,
  };
  let next: RunState = withOutcome(
    { ...state, running, cells: state.cells.with(index, over) },
    event.outcome,
  );
  const failed = event.outcome === 'failed' || event.outcome === 'errored';
  const failFast = job.failFast ?? (failed && job.cellCount > 1 && job.failsFast ? event.cell : null);
  const outputs = Object.keys(event.outputs).length > 0 ? { ...job.outputs, ...event.outputs } : job.outputs;
  // What was taken over took no time, and says nothing of how long the work takes; people do not take the same time twice.
  const isDone = (event.extras?.work?.reusedFrom ?? null) === null && cell.approval === null;
  const good = event.outcome === 'succeeded' && isDone ? 1 : 0;
  next = changeJob(next, jobIndex, {
    cellsLeft: job.cellsLeft - 1,
    outputs,
    kept: event.extras?.kept ? [...job.kept, ...event.extras.kept] : job.kept,
    reports: event.extras?.reports ? [...job.reports, reportsOf(event.cell, event.extras)] : job.reports,
    failFast,
    succeeded: job.succeeded + good,
    spentMs: job.spentMs + good * event.durationMs,
  });
  if (job.cellsLeft === 1) return jobOver(next, jobIndex, worstResult(next, jobIndex));
  if (job.released >= job.cellCount) return next;
  return releaseCell(changeJob(next, jobIndex, { released: job.released + 1 }), job.firstCell + job.released);
}

function reportsOf(cell: string, { reports = [], reportTree }: CellExtras): CellReports {
  return { cell, reports, tree: reportTree ?? null };
}

function withOutcome(state: RunState, outcome: CellOutcome): RunState {
  return { ...state, outcomes: { ...state.outcomes, [outcome]: state.outcomes[outcome] + 1 } };
}

function resultOf(outcome: CellOutcome): JobResult {
  if (outcome === 'succeeded' || outcome === 'warned') return 'success';
  if (outcome === 'skipped' || outcome === 'cancelled') return outcome;
  return 'failure';
}

function worstResult(state: RunState, jobIndex: number): JobResult {
  const { firstCell, cellCount } = state.jobs.at(jobIndex);
  let worst: JobResult = 'success';
  for (let index = firstCell; index < firstCell + cellCount; index++) {
    const result = resultOf(state.cells.at(index).outcome!);
    if (result === 'failure') return 'failure';
    if (result === 'cancelled') worst = 'cancelled';
  }
  return worst;
}

function jobOver(state: RunState, index: number, result: JobResult): RunState {
  const failedThrough =
    result === 'failure' ||
    (result === 'skipped' &&
      state.course.needs[index]!.some((needed) => state.jobs.at(needed).failedThrough));
  let jobs = state.jobs.with(index, {
    ...state.jobs.at(index),
    phase: 'over',
    cellsLeft: 0,
    result,
    failedThrough,
  });
  let undecided = withoutDecided(state.undecided, jobs);
  for (const dependent of state.course.dependents[index]!) {
    const job = jobs.at(dependent);
    jobs = jobs.with(dependent, { ...job, needsLeft: job.needsLeft - 1 });
    if (job.needsLeft === 1 && job.phase === 'waiting') undecided = insert(undecided, 0, dependent);
  }
  return { ...state, jobs, undecided, jobsLeft: state.jobsLeft - 1 };
}

/** Jobs are taken from the queue lazily: one that was decided meanwhile is dropped when it comes to the front. */
function withoutDecided(heap: Heap | null, jobs: ChunkedArray<JobState>): Heap | null {
  let rest = heap;
  while (rest && jobs.at(rest.index).phase !== 'waiting') rest = withoutFirst(rest);
  return rest;
}
