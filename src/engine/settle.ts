import type { Cause, CellOutcome, RunEvent } from '../journal/run-event.ts';
import { expandMatrix } from '../pipeline/matrix.ts';
import { askPeople } from './approval.ts';
import { judgeCondition } from './condition.ts';
import { jobContext } from './context.ts';
import { strategyOf } from './dynamic.ts';
import { cellGroup, joinCellGroup, joinRunGroup } from './group.ts';
import { runOutcome } from './outcome.ts';
import { type CellState, type RunState, type StepFinished, stopCause } from './state.ts';
import { endUnstarted } from './stop.ts';
import { setStageTimer } from './timer.ts';
import type { Command, Turn } from './turn.ts';

/** Goes on as far as it can be gone without news from the world. */
export function settle(turn: Turn): void {
  if (turn.state.phase === 'waiting' && turn.state.cancels.length > 0) {
    skipAll(turn, turn.state.cancels[0]!);
    finish(turn);
    return;
  }
  if (turn.state.phase !== 'running') return;
  for (;;) {
    if (turn.state.undecided) decideJob(turn, turn.state.undecided.index);
    else if (turn.state.ready && mayStart(turn.state, turn.state.ready.index)) {
      startCell(turn, turn.state.cells.at(turn.state.ready.index));
    } else break;
  }
  if (turn.state.jobsLeft === 0) finish(turn);
}

/** Workers are free, or none is needed. */
function mayStart({ running, course, cells }: RunState, index: number): boolean {
  return running.length < course.request.workersMax || course.jobs[cells.at(index).job]!.approval !== null;
}

/** A run that ends before it began says so of each of its jobs. */
function skipAll(turn: Turn, cause: Cause): void {
  const why = cause.kind === 'cancelled' ? `: ${cause.reason}` : '';
  const reason = { sentence: `the run was stopped before it began${why}` };
  for (const { id } of turn.state.course.jobs) turn.emit({ type: 'cell.skipped', cell: id, job: id, reason });
}

function finish(turn: Turn): void {
  const { state } = turn;
  const { outcome, sentence } = runOutcome(state);
  turn.emit({
    type: 'run.finished',
    outcome,
    sentence,
    durationMs: Math.max(0, turn.now - state.requestedAtMs),
    pipeline: state.course.request.pipeline,
    cellMs: meanCellMs(state),
  });
  const { concurrency } = state.course.plan;
  if (concurrency) {
    joinRunGroup(turn);
    const join = turn.commands.pop() as Extract<Command, { type: 'join-group' }>;
    turn.commands.push({ type: 'leave-group', cell: null, group: join.group });
  }
  turn.commands.push({ type: 'finish', outcome });
}

function meanCellMs(state: RunState): Record<string, number> {
  const means: Record<string, number> = {};
  for (const [index, { id }] of state.course.jobs.entries()) {
    const { succeeded, spentMs } = state.jobs.at(index);
    if (succeeded > 0) means[id] = Math.round(spentMs / succeeded);
  }
  return means;
}

/** Everything the job needs is over: it runs, is skipped, or cannot be performed. */
function decideJob(turn: Turn, index: number): void {
  const { state } = turn;
  const job = state.course.jobs[index]!;
  const { cancel } = state.jobs.at(index);
  if (cancel) {
    endWholeJob(turn, job.id, 'cancelled', cancel);
    return;
  }
  const verdict = judgeCondition(state, index);
  if (verdict.kind === 'invalid') {
    endWholeJob(turn, job.id, 'errored', { kind: 'invalid', message: verdict.message });
    return;
  }
  if (verdict.kind === 'skip') {
    turn.emit({ type: 'cell.skipped', cell: job.id, job: job.id, reason: verdict.reason });
    return;
  }
  if (job.refusals.length > 0) {
    const sentences = job.refusals.map((refusal) => {
      const { file, start } = refusal.place;
      return `${file}:${start.line}:${start.column}: ${refusal.message}`;
    });
    endWholeJob(turn, job.id, 'errored', { kind: 'refused', sentences });
    return;
  }
  if (job.matrix && !job.matrix.cells) {
    const expanded = expandMatrix(job.matrix, jobContext(state, index));
    if (!expanded.ok) {
      endWholeJob(turn, job.id, 'errored', {
        kind: 'invalid',
        message: `the matrix of ${job.id}: ${expanded.message}`,
      });
      return;
    }
    turn.emit({ type: 'matrix.expanded', job: job.id, cells: expanded.cells });
  }
  turn.emit({ type: 'job.ready', job: job.id, reason: verdict.reason, ...strategyOf(state, index) });
}

function endWholeJob(turn: Turn, job: string, outcome: CellOutcome, cause: Cause): void {
  turn.emit({
    type: 'cell.finished',
    cell: job,
    job,
    attempt: 1,
    outcome,
    cause,
    step: null,
    durationMs: 0,
    outputs: {},
    tail: [],
    retry: null,
  });
}

function startCell(turn: Turn, cell: CellState): void {
  const { state } = turn;
  const job = state.course.jobs[cell.job]!;
  const reused = state.course.request.rerunOf?.reused[cell.name];
  const cause = stopCause(state, cell);
  if (cause) {
    endUnstarted(turn, cell, cause);
    return;
  }
  if (reused && !job.approval) {
    turn.emit({
      ...(reused as unknown as Extract<RunEvent, { type: 'cell.finished' }>),
      cell: cell.name,
      job: job.id,
    });
    return;
  }
  if (job.concurrency && !cell.admitted) {
    const group = cellGroup(state, cell)!;
    turn.emit({ type: 'run.waiting', cell: cell.name, group: group.group, behind: [] });
    joinCellGroup(turn, cell);
    return;
  }
  if (job.approval) {
    askPeople(turn, cell);
    return;
  }
  const stageBefore = state.stages[job.stage]?.startedAtMs;
  turn.emit({ type: 'cell.started', cell: cell.name, job: job.id, attempt: cell.attempt });
  takeOverSteps(turn, cell);
  if (stageBefore === null) setStageTimer(turn, job.stage, turn.now);
  turn.commands.push({ type: 'start-cell', cell: cell.name, attempt: cell.attempt, resumed: false });
}

/** The steps of a cell that goes on where another run was: over before it begins, with what they left. */
function takeOverSteps(turn: Turn, cell: CellState): void {
  const { rerunOf } = turn.state.course.request;
  for (const step of rerunOf?.continued?.[cell.name] ?? []) {
    turn.emit({
      ...(step as unknown as StepFinished),
      cell: cell.name,
      attempt: cell.attempt,
      log: { bytes: 0, lines: 0 },
      reason: { sentence: `taken over from run ${rerunOf!.runId}` },
    });
  }
}
