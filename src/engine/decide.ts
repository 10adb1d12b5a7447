import type { CancelTarget, Cause, CellOutcome, RunEvent, RunOutcome } from '../journal/run-event.ts';
import { evaluateTemplate } from '../pipeline/expression.ts';
import { expandMatrix } from '../pipeline/matrix.ts';
import type { Concurrency } from '../pipeline/plan.ts';
import { apply, begin } from './apply.ts';
import { judgeCondition } from './condition.ts';
import { jobContext, runContexts } from './context.ts';
import type { RunRequested } from './course.ts';
import { runOutcome } from './outcome.ts';
import { retryOf } from './retry.ts';
import { type CellState, findCell, type RunState, stopCause } from './state.ts';

/** What the world tells the engine. Told twice, or too late, an input changes nothing. */
export type EngineInput =
  /** A process became the owner; with `resumed` everything outstanding is asked for again. */
  | { readonly type: 'owned'; readonly owner: string; readonly fence: number; readonly resumed: boolean }
  | {
      readonly type: 'waiting';
      readonly cell: string | null;
      readonly group: string;
      readonly behind: readonly string[];
    }
  | { readonly type: 'admitted'; readonly cell: string | null; readonly group: string }
  | { readonly type: 'step'; readonly event: Extract<RunEvent, { type: 'step.started' | 'step.finished' }> }
  | { readonly type: 'report'; readonly cell: string; readonly attempt: number; readonly report: CellReport }
  | { readonly type: 'timer'; readonly id: string }
  | { readonly type: 'cancel'; readonly target: CancelTarget; readonly by: string; readonly reason: string };

/** How an attempt of a cell ended, as its runner reports it. */
export interface CellReport {
  readonly outcome: Exclude<CellOutcome, 'skipped'>;
  readonly cause: Cause | null;
  readonly step: string | null;
  readonly durationMs: number;
  readonly outputs: Readonly<Record<string, string>>;
  readonly tail: readonly string[];
  readonly patterns: readonly string[];
}

/** What the host is to do once the events that go with it are durable. Doing one twice is harmless. */
export type Command =
  | {
      readonly type: 'start-cell';
      readonly cell: string;
      readonly attempt: number;
      readonly resumed: boolean;
    }
  | { readonly type: 'cancel-cell'; readonly cell: string; readonly cause: Cause }
  | { readonly type: 'cancel-step'; readonly cell: string; readonly step: string; readonly cause: Cause }
  /** Feed back `timer` with this id, not before the time. Setting it again moves nothing. */
  | { readonly type: 'set-timer'; readonly id: string; readonly atMs: number }
  /** Feed back `waiting` and `admitted`. `cell` null: the run itself. */
  | {
      readonly type: 'join-group';
      readonly cell: string | null;
      readonly group: string;
      readonly policy: Concurrency['policy'];
    }
  | { readonly type: 'leave-group'; readonly cell: string | null; readonly group: string }
  | { readonly type: 'finish'; readonly outcome: RunOutcome };

export interface Decided {
  readonly state: RunState;
  /** To be journaled, all or none, in this order. The state already holds them. */
  readonly events: readonly RunEvent[];
  readonly commands: readonly Command[];
}

/** Accepts a run. */
export function decideRequest(request: RunRequested, now: number): Decided {
  const turn = new Turn(begin(request, now), now);
  turn.events.push(request);
  if (turn.state.course.plan.concurrency) joinRunGroup(turn);
  else startRun(turn);
  return turn;
}

/** The engine's one function: pure, and the same for the same arguments, byte for byte. */
export function decide(state: RunState, input: EngineInput, now: number): Decided {
  const turn = new Turn(state, now);
  if (state.phase === 'finished') return turn;
  take(turn, input);
  settle(turn);
  return turn;
}

/** One call of `decide`: every event is applied the moment it is decided, so that later decisions see it. */
class Turn implements Decided {
  state: RunState;
  readonly now: number;
  readonly events: RunEvent[] = [];
  readonly commands: Command[] = [];

  constructor(state: RunState, now: number) {
    this.state = state;
    this.now = now;
  }

  emit(event: RunEvent): void {
    this.state = apply(this.state, event, this.now);
    this.events.push(event);
  }
}

function take(turn: Turn, input: EngineInput): void {
  switch (input.type) {
    case 'owned':
      turn.emit({ type: 'run.owned', owner: input.owner, fence: input.fence, resumed: input.resumed });
      if (input.resumed) askAgain(turn);
      return;
    case 'waiting':
      if (isHeld(turn.state, input.cell)) {
        turn.emit({ type: 'run.waiting', cell: input.cell, group: input.group, behind: input.behind });
      }
      return;
    case 'admitted':
      if (!isHeld(turn.state, input.cell)) return;
      turn.emit({ type: 'run.admitted', cell: input.cell, group: input.group });
      if (input.cell === null) startRun(turn);
      return;
    case 'step':
      if (isNews(turn.state, input.event)) turn.emit(input.event);
      return;
    case 'report':
      takeReport(turn, input.cell, input.attempt, input.report);
      return;
    case 'timer':
      takeTimer(turn, input.id);
      return;
    case 'cancel':
      takeCancel(turn, input.target, input.by, input.reason);
      return;
  }
}

/** After a resume: what was asked of the host that is gone is asked of the new one. */
function askAgain(turn: Turn): void {
  const { state } = turn;
  if (state.phase === 'waiting') {
    joinRunGroup(turn);
    return;
  }
  setDeadlines(turn);
  for (const index of state.running) {
    const cell = state.cells.at(index);
    if (cell.admitted) joinCellGroup(turn, cell);
    turn.commands.push({ type: 'start-cell', cell: cell.name, attempt: cell.attempt, resumed: true });
    const cause = stopCause(state, cell);
    if (cause) turn.commands.push({ type: 'cancel-cell', cell: cell.name, cause });
  }
  for (const cell of state.cells) {
    if (cell.phase === 'delayed')
      turn.commands.push({ type: 'set-timer', id: retryTimer(cell), atMs: cell.notBeforeMs! });
    if (cell.phase === 'held') joinCellGroup(turn, cell);
  }
}

function setDeadlines(turn: Turn): void {
  const { course, requestedAtMs, stages } = turn.state;
  const { timeoutMs } = course.plan;
  if (timeoutMs !== null)
    turn.commands.push({ type: 'set-timer', id: 'run', atMs: requestedAtMs + timeoutMs });
  for (const [name, stage] of Object.entries(stages)) {
    if (stage.startedAtMs !== null && !stage.deadlinePassed) setStageTimer(turn, name, stage.startedAtMs);
  }
}

function setStageTimer(turn: Turn, name: string, startedAtMs: number): void {
  const { timeoutMs } = turn.state.course.stageOf.get(name)!;
  turn.commands.push({ type: 'set-timer', id: `stage/${name}`, atMs: startedAtMs + timeoutMs });
}

function startRun(turn: Turn): void {
  setDeadlines(turn);
  settle(turn);
}

function joinRunGroup(turn: Turn): void {
  const { concurrency } = turn.state.course.plan;
  if (!concurrency) return;
  const contexts = {
    ...runContexts(turn.state.course),
    status: { failed: false, cancelled: false, skippedNeed: false },
  };
  const group = evaluateTemplate(concurrency.group, contexts);
  turn.commands.push({
    type: 'join-group',
    cell: null,
    group: group.ok ? group.value : concurrency.group,
    policy: concurrency.policy,
  });
}

function cellGroup(
  state: RunState,
  cell: CellState,
): { readonly group: string; readonly policy: Concurrency['policy'] } | null {
  const { concurrency } = state.course.jobs[cell.job]!;
  if (!concurrency) return null;
  const context = { ...jobContext(state, cell.job), matrix: cell.values ?? {} };
  const group = evaluateTemplate(concurrency.group, context);
  return { group: group.ok ? group.value : concurrency.group, policy: concurrency.policy };
}

function joinCellGroup(turn: Turn, cell: CellState): void {
  const group = cellGroup(turn.state, cell);
  if (group) turn.commands.push({ type: 'join-group', cell: cell.name, ...group });
}

function isHeld(state: RunState, cell: string | null): boolean {
  if (cell === null) return state.phase === 'waiting';
  const index = findCell(state, cell);
  return index >= 0 && state.cells.at(index).phase === 'held';
}

function runningAttempt(state: RunState, name: string, attempt: number): CellState | null {
  const index = findCell(state, name);
  if (index < 0) return null;
  const cell = state.cells.at(index);
  return cell.phase === 'running' && cell.attempt === attempt ? cell : null;
}

/** Whether the step event belongs to the running attempt and was not told before. */
function isNews(state: RunState, event: Extract<EngineInput, { type: 'step' }>['event']): boolean {
  const cell = runningAttempt(state, event.cell, event.attempt);
  if (!cell) return false;
  const begun = cell.unsealed.some((one) => one.step === event.step && one.try === event.try);
  const sealed = cell.sealed.some((one) => one.step === event.step && one.try === event.try);
  if (event.type === 'step.started') return !begun && !sealed;
  return begun || (event.outcome === 'skipped' && !sealed);
}

function takeReport(turn: Turn, name: string, attempt: number, report: CellReport): void {
  const cell = runningAttempt(turn.state, name, attempt);
  if (!cell) return;
  const job = turn.state.course.jobs[cell.job]!;
  const stopped = stopCause(turn.state, cell) !== null;
  const retry = stopped ? null : retryOf(job.retry, attempt, report);
  const outcome = report.outcome === 'failed' && job.allowFailure && !retry ? 'warned' : report.outcome;
  const { cause, step, durationMs, outputs, tail } = report;
  turn.emit({
    type: 'cell.finished',
    cell: name,
    job: job.id,
    attempt,
    outcome,
    cause,
    step,
    durationMs,
    outputs,
    tail,
    retry,
  });
  if (retry) {
    const id = retryTimer({ name, attempt: attempt + 1 });
    turn.commands.push({ type: 'set-timer', id, atMs: turn.now + retry.afterMs });
  } else {
    leaveCellGroup(turn, cell);
    if (turn.state.jobs.at(cell.job).failFast === name) stopCells(turn);
  }
}

function retryTimer(cell: { readonly name: string; readonly attempt: number }): string {
  return `retry/${cell.attempt}/${cell.name}`;
}

function takeTimer(turn: Turn, id: string): void {
  const { state } = turn;
  const { plan } = state.course;
  if (id === 'run' && plan.timeoutMs !== null && !state.runDeadlinePassed) {
    turn.emit({ type: 'deadline.passed', scope: 'run', stage: null, limitMs: plan.timeoutMs });
    stopCells(turn);
  }
  const stage = id.startsWith('stage/') ? id.slice('stage/'.length) : null;
  if (
    stage !== null &&
    state.stages[stage] &&
    !state.stages[stage].deadlinePassed &&
    !isStageOver(state, stage)
  ) {
    const limitMs = state.course.stageOf.get(stage)!.timeoutMs;
    turn.emit({ type: 'deadline.passed', scope: 'stage', stage, limitMs });
    stopCells(turn);
  }
  const [, attempt, name] = /^retry\/(\d+)\/(.*)$/s.exec(id) ?? [];
  if (name !== undefined) takeRetry(turn, name, Number(attempt));
}

function isStageOver(state: RunState, stage: string): boolean {
  return state.course.jobs.every(
    (job, index) => job.stage !== stage || state.jobs.at(index).phase === 'over',
  );
}

function takeRetry(turn: Turn, name: string, attempt: number): void {
  const index = findCell(turn.state, name);
  if (index < 0) return;
  const cell = turn.state.cells.at(index);
  if (cell.phase !== 'delayed' || cell.attempt !== attempt) return;
  const reason = { sentence: `attempt ${attempt} is due` };
  const job = turn.state.course.jobs[cell.job]!.id;
  turn.emit({ type: 'cell.queued', cell: name, job, attempt, reason, notBeforeMs: null });
}

function takeCancel(turn: Turn, target: CancelTarget, by: string, reason: string): void {
  turn.emit({ type: 'run.cancel-requested', target, by, reason });
  if (target.kind === 'step') {
    turn.commands.push({
      type: 'cancel-step',
      cell: target.cell,
      step: target.step,
      cause: { kind: 'cancelled', by, reason },
    });
    return;
  }
  stopCells(turn);
}

/** Tells the running cells that have a reason to stop, and ends those that wait. */
function stopCells(turn: Turn): void {
  for (const index of turn.state.running) {
    const cell = turn.state.cells.at(index);
    const cause = stopCause(turn.state, cell);
    if (cause) turn.commands.push({ type: 'cancel-cell', cell: cell.name, cause });
  }
  for (let index = 0; index < turn.state.cells.length; index++) {
    const cell = turn.state.cells.at(index);
    if (cell.phase !== 'ready' && cell.phase !== 'held' && cell.phase !== 'delayed') {
      const unreleased = cell.phase === 'waiting' && turn.state.jobs.at(cell.job).phase === 'ready';
      if (!unreleased) continue;
    }
    const cause = stopCause(turn.state, cell);
    if (cause) endUnstarted(turn, cell, cause);
  }
}

/** A cell ends without having run (this attempt). */
function endUnstarted(turn: Turn, cell: CellState, cause: Cause): void {
  const job = turn.state.course.jobs[cell.job]!;
  turn.emit({
    type: 'cell.finished',
    cell: cell.name,
    job: job.id,
    attempt: cell.attempt,
    outcome: cause.kind === 'cancelled' ? 'cancelled' : 'failed',
    cause,
    step: null,
    durationMs: 0,
    outputs: {},
    tail: [],
    retry: null,
  });
  leaveCellGroup(turn, cell);
}

function leaveCellGroup(turn: Turn, cell: CellState): void {
  if (cell.phase !== 'held' && !cell.admitted) return;
  const group = cellGroup(turn.state, cell);
  if (group) turn.commands.push({ type: 'leave-group', cell: cell.name, group: group.group });
}

/** Goes on as far as it can be gone without news from the world. */
function settle(turn: Turn): void {
  if (turn.state.phase === 'waiting' && turn.state.cancels.length > 0) {
    finish(turn);
    return;
  }
  if (turn.state.phase !== 'running') return;
  for (;;) {
    if (turn.state.undecided) decideJob(turn, turn.state.undecided.index);
    else if (turn.state.ready && turn.state.running.length < turn.state.course.request.workersMax) {
      startCell(turn, turn.state.cells.at(turn.state.ready.index));
    } else break;
  }
  if (turn.state.jobsLeft === 0) finish(turn);
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
  turn.emit({ type: 'job.ready', job: job.id, reason: verdict.reason });
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
  if (reused) {
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
  const stageBefore = state.stages[job.stage]?.startedAtMs;
  turn.emit({ type: 'cell.started', cell: cell.name, job: job.id, attempt: cell.attempt });
  if (stageBefore === null) setStageTimer(turn, job.stage, turn.now);
  turn.commands.push({ type: 'start-cell', cell: cell.name, attempt: cell.attempt, resumed: false });
}
