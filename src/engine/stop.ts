import type { Cause } from '../journal/run-event.ts';
import { leaveCellGroup } from './group.ts';
import { type CellState, stopCause } from './state.ts';
import type { Turn } from './turn.ts';

const ENDED_AT_ONCE: ReadonlySet<CellState['phase']> = new Set(['ready', 'held', 'delayed', 'asked']);

/** Tells the running cells that have a reason to stop, and ends those that wait. */
export function stopCells(turn: Turn): void {
  for (const index of turn.state.running) {
    const cell = turn.state.cells.at(index);
    const cause = stopCause(turn.state, cell);
    if (cause) turn.commands.push({ type: 'cancel-cell', cell: cell.name, cause });
  }
  for (let index = 0; index < turn.state.cells.length; index++) {
    const cell = turn.state.cells.at(index);
    if (!ENDED_AT_ONCE.has(cell.phase)) {
      const unreleased = cell.phase === 'waiting' && turn.state.jobs.at(cell.job).phase === 'ready';
      if (!unreleased) continue;
    }
    const cause = stopCause(turn.state, cell);
    if (cause) endUnstarted(turn, cell, cause);
  }
}

/** A cell ends without having run (this attempt). */
export function endUnstarted(turn: Turn, cell: CellState, cause: Cause): void {
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
