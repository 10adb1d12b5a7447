import { needsOf, runContexts } from '../engine/context.ts';
import { callsAround, inputsOfCall } from '../engine/scope.ts';
import { cellContext, cellTimeout } from '../engine/dynamic.ts';
import { type CellState, findCell, type RunState } from '../engine/state.ts';
import type { JobMessage } from '../runner/contract.ts';
import { gatingOf } from './gating.ts';

/**
 * The message that hands a running cell to a runner. `isSameBoot`: whether an owner ran on this machine since it was last
 * started.
 */
export function jobMessage(
  state: RunState,
  cellName: string,
  resumed: boolean,
  isSameBoot: (owner: string) => boolean,
): JobMessage {
  const cell: CellState = state.cells.at(findCell(state, cellName));
  const { course } = state;
  const call = callsAround(state, cell.job).at(-1);
  const planned = course.jobs[cell.job]!;
  const job = planned.workflow?.dynamic ? { ...planned, timeoutMs: cellTimeout(state, cell) } : planned;
  // What starts while the run is accepted starts before its owner is named.
  const owner = cell.started!.owner ?? state.firstOwner;
  return {
    schemaVersion: 1,
    runId: course.request.runId,
    cell: cell.name,
    attempt: cell.attempt,
    trust: course.request.trust ?? 'trusted',
    job,
    matrix: cell.values,
    ...(job.workflow ? { strategy: cellContext(state, cell).strategy! } : {}),
    needs: needsOf(state, cell.job) as JobMessage['needs'],
    // A step of a workflow may ask for any of them.
    kept: job.downloads.length === 0 && job.workflow === null ? {} : keptBefore(state),
    contexts: call ? { ...runContexts(course), inputs: inputsOfCall(state, call) } : runContexts(course),
    // As they are written: evaluated once more, a text of the event that looks like a template would be one.
    variables: { ...course.plan.variables, ...course.request.variables },
    source: course.request.source,
    sealed: cell.sealed,
    unsealed: cell.unsealed,
    resumed,
    startedAtMs: cell.started!.atMs,
    ...(job.gates.length === 0 ? {} : { gating: gatingOf(state, cell.job) }),
    ...(course.request.rerunOf === null ? {} : { isAnew: true }),
    isSameBoot: !resumed || (owner !== null && isSameBoot(owner)),
  };
}

function keptBefore(state: RunState): JobMessage['kept'] {
  const kept: Record<string, JobMessage['kept'][string]> = {};
  for (const [index, job] of state.course.jobs.entries()) {
    const { kept: own } = state.jobs.at(index);
    if (own.length > 0) kept[job.id] = own;
  }
  return kept;
}
