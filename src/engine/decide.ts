import type { CancelTarget, RunEvent } from '../journal/run-event.ts';
import { begin } from './apply.ts';
import { type ApprovalAnswer, setApprovalTimers, takeAnswer, takeExpiry } from './approval.ts';
import type { RunRequested } from './course.ts';
import { isFailureAllowed } from './dynamic.ts';
import { joinCellGroup, joinRunGroup, leaveCellGroup } from './group.ts';
import type { CellReport } from './report.ts';
import { retryOf } from './retry.ts';
import { settle } from './settle.ts';
import { type CellState, findCell, type RunState, stopCause } from './state.ts';
import { stopCells } from './stop.ts';
import { retryTimer, setDeadlines } from './timer.ts';
import { type Decided, Turn } from './turn.ts';

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
  | { readonly type: 'warning'; readonly message: string }
  /** Somebody answered an approval. Only this input may say the same thing twice: what does not count is written down. */
  | ({ readonly type: 'answer' } & ApprovalAnswer)
  | { readonly type: 'cancel'; readonly target: CancelTarget; readonly by: string; readonly reason: string };

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
    case 'warning':
      turn.emit({ type: 'run.warning', message: input.message });
      return;
    case 'timer':
      takeTimer(turn, input.id);
      return;
    case 'answer': {
      const { type: _type, ...answer } = input;
      takeAnswer(turn, answer);
      return;
    }
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
  setApprovalTimers(turn);
  for (const cell of state.cells) {
    if (cell.phase === 'delayed')
      turn.commands.push({ type: 'set-timer', id: retryTimer(cell), atMs: cell.notBeforeMs! });
    if (cell.phase === 'held' || (cell.phase === 'running' && cell.admitted)) joinCellGroup(turn, cell);
    // The dead owner may not have come to it, and whoever waits behind this cell would wait for ever.
    if (cell.phase === 'over') leaveCellGroup(turn, cell);
  }
  // Last, because what comes of a start may be to leave a group.
  for (const index of state.running) {
    const cell = state.cells.at(index);
    turn.commands.push({ type: 'start-cell', cell: cell.name, attempt: cell.attempt, resumed: true });
    const cause = stopCause(state, cell);
    if (cause) turn.commands.push({ type: 'cancel-cell', cell: cell.name, cause });
  }
}

function startRun(turn: Turn): void {
  setDeadlines(turn);
  settle(turn);
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

/** How a step may end that never began; work that is taken over does not begin either. */
const UNBEGUN: ReadonlySet<string> = new Set(['skipped', 'cancelled', 'errored']);

/** Whether the step event belongs to the running attempt and was not told before. */
function isNews(state: RunState, event: Extract<EngineInput, { type: 'step' }>['event']): boolean {
  const cell = runningAttempt(state, event.cell, event.attempt);
  if (!cell) return false;
  const begun = cell.unsealed.some((one) => one.step === event.step && one.try === event.try);
  const sealed = cell.sealed.some((one) => one.step === event.step && one.try === event.try);
  if (event.type === 'step.started') return !begun && !sealed;
  const isUnbegun = UNBEGUN.has(event.outcome) || (event.work?.reusedFrom ?? null) !== null;
  return begun || (isUnbegun && !sealed);
}

function takeReport(turn: Turn, name: string, attempt: number, report: CellReport): void {
  const cell = runningAttempt(turn.state, name, attempt);
  if (!cell) return;
  const job = turn.state.course.jobs[cell.job]!;
  const stopped = stopCause(turn.state, cell) !== null;
  const retry = stopped ? null : retryOf(job.retry, attempt, report);
  const outcome = !retry && isFailureAllowed(turn.state, cell, report) ? 'warned' : report.outcome;
  const { cause, step, durationMs, outputs, tail, extras } = report;
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
    ...(extras ? { extras } : {}),
  });
  if (retry) {
    const id = retryTimer({ name, attempt: attempt + 1 });
    turn.commands.push({ type: 'set-timer', id, atMs: turn.now + retry.afterMs });
  } else {
    leaveCellGroup(turn, cell);
    if (turn.state.jobs.at(cell.job).failFast === name) stopCells(turn);
  }
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
  if (id.startsWith('approval/')) takeExpiry(turn, id.slice('approval/'.length));
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
