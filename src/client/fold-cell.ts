import type { JsonObject } from '../base/json.ts';
import { unreachable } from '../base/unreachable.ts';
import type { CellExtras, RunEvent } from '../journal/run-event.ts';
import { nameInCell, type PlanJob, type PlanStep } from '../pipeline/plan.ts';
import type { CellView, StepView } from './run-view.ts';

type CellEvent = Extract<RunEvent, { type: 'cell.queued' | 'cell.started' | 'cell.finished' }>;
type StepEvent = Extract<RunEvent, { type: 'step.started' | 'step.finished' }>;

/** Shared: a view of 10,000 cells holds them that often. */
const NOTHING: readonly never[] = [];
const NO_OUTPUTS: Readonly<Record<string, string>> = {};
const NO_EXTRAS: CellExtras = {};
/** Behind the id of a step: what its action does when the steps of the job are over. */
const POST = '.post';
/** What it does before all steps. */
const PRE = '.pre';

/** A cell of which nothing is known but its plan and its combination. */
export function newCell(name: string, plan: PlanJob, matrix: JsonObject | null): CellView {
  return {
    name,
    state: 'waiting',
    outcome: null,
    attempt: 0,
    earlier: NOTHING,
    reason: null,
    cause: null,
    failedStep: null,
    startedAtMs: null,
    durationMs: null,
    outputs: NO_OUTPUTS,
    tail: NOTHING,
    reused: false,
    extras: NO_EXTRAS,
    approval: null,
    steps: newSteps(plan, matrix),
  };
}

function newSteps(plan: PlanJob, matrix: JsonObject | null): readonly StepView[] {
  return [
    ...plan.steps.map((step) => newStep(step, matrix, false)),
    ...plan.cleanup.map((step) => newStep(step, matrix, true)),
  ];
}

function newStep(step: PlanStep, matrix: JsonObject | null, cleanup: boolean): StepView {
  return {
    id: step.id,
    name: nameInCell(step.name, matrix),
    cleanup,
    tries: 0,
    state: 'waiting',
    outcome: null,
    cause: null,
    reason: null,
    startedAtMs: null,
    durationMs: null,
    logLines: 0,
    parts: NOTHING,
    work: null,
    annotations: NOTHING,
  };
}

/** What an event about a cell changes in its view. `at`: time of the event. */
export function cellChange(
  cell: CellView,
  event: CellEvent,
  at: number,
  plan: PlanJob,
  matrix: JsonObject | null,
): Partial<CellView> {
  switch (event.type) {
    case 'cell.queued':
      return { state: 'queued', attempt: event.attempt, reason: event.reason };
    case 'cell.started':
      return {
        ...newCell(cell.name, plan, matrix),
        earlier: cell.earlier,
        state: 'running',
        attempt: event.attempt,
        startedAtMs: at,
      };
    case 'cell.finished':
      if (event.retry) return retryChange(cell, event, event.retry);
      return {
        state: 'finished',
        outcome: event.outcome,
        attempt: event.attempt,
        reason: null,
        cause: event.cause,
        failedStep: event.step,
        durationMs: event.durationMs,
        outputs: event.outputs,
        tail: event.tail,
        extras: event.extras ?? NO_EXTRAS,
      };
    default:
      return unreachable(event, 'every event about a cell is folded');
  }
}

function retryChange(
  cell: CellView,
  event: Extract<CellEvent, { type: 'cell.finished' }>,
  retry: { readonly sentence: string },
): Partial<CellView> {
  const over = {
    attempt: event.attempt,
    outcome: event.outcome,
    cause: event.cause,
    step: event.step,
    durationMs: event.durationMs,
    sentence: retry.sentence,
  };
  return {
    state: 'queued',
    earlier: [...cell.earlier, over],
    reason: { sentence: retry.sentence },
    tail: event.tail,
  };
}

/** What an event about a step changes in the view of its cell. */
export function stepChange(cell: CellView, event: StepEvent, at: number): Partial<CellView> {
  const known = cell.steps.findIndex((step) => step.id === event.step);
  if (known < 0) return partOfAction(cell, event, at);
  const steps = cell.steps.slice();
  steps[known] = { ...cell.steps[known]!, ...oneStepChange(event, at) };
  return { steps };
}

/** What an action does at the beginning and at the end of the job are steps that no plan knows. */
function partOfAction(cell: CellView, event: StepEvent, at: number): Partial<CellView> {
  const isPre = event.step.endsWith(PRE);
  const step = cell.steps.find(({ id }) => `${id}${isPre ? PRE : POST}` === event.step);
  if (!step) return {};
  const plain = {
    ...step,
    id: event.step,
    name: `${isPre ? 'Pre' : 'Post'} ${step.name}`,
    cleanup: !isPre,
    reason: null,
    work: null,
  };
  const part = { ...plain, parts: NOTHING, ...oneStepChange(event, at) };
  if (!isPre) return { steps: [...cell.steps, part] };
  const planned = cell.steps.findIndex(({ id }) => !id.endsWith(PRE));
  return { steps: cell.steps.toSpliced(planned, 0, part) };
}

function oneStepChange(event: StepEvent, at: number): Partial<StepView> {
  if (event.type === 'step.started')
    return { state: 'running', tries: event.try, startedAtMs: at, outcome: null, cause: null };
  return {
    state: 'finished',
    tries: event.try,
    outcome: event.outcome,
    cause: event.cause,
    reason: event.reason,
    durationMs: event.durationMs,
    logLines: event.log.lines,
    parts: event.parts ?? NOTHING,
    work: event.work ?? null,
    annotations: event.annotations ?? NOTHING,
  };
}
