import { needsOf, runContexts } from '../engine/context.ts';
import { cellContext, cellTimeout } from '../engine/dynamic.ts';
import { callsAround, inputsOfCall } from '../engine/scope.ts';
import { type CellState, findCell, type RunState } from '../engine/state.ts';
import { plainRunContexts } from '../pipeline/plain-context.ts';
import type { PlanCall } from '../pipeline/plan-call.ts';
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
  const variables = { ...course.plan.variables, ...course.request.variables };
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
    ...(call ? callInputs(state, call, variables) : { contexts: runContexts(course) }),
    // As they are written: evaluated once more, a text of the event that looks like a template would be one.
    variables,
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

/** What a job in a call sees as its inputs, also as they would be without text from outside. */
function callInputs(
  state: RunState,
  call: PlanCall,
  variables: Readonly<Record<string, string>>,
): Pick<JobMessage, 'contexts' | 'plainInputs'> {
  const contexts = runContexts(state.course);
  const plain = { ...contexts, ...plainRunContexts(contexts, variables) };
  return {
    contexts: { ...contexts, inputs: inputsOfCall(state, call) },
    plainInputs: inputsOfCall(state, call, plain),
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
