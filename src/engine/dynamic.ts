import { DURATION_MAX_MS } from '../base/duration.ts';
import type { JsonObject, JsonValue } from '../base/json.ts';
import { evaluateValue } from '../pipeline/expression.ts';
import type { ExpressionContext } from '../pipeline/expression-context.ts';
import type { Expression, PlanJob } from '../pipeline/plan.ts';
import { jobContext } from './context.ts';
import type { CellReport } from './report.ts';
import type { CellState, RunState } from './state.ts';

/*
 * Settings of jobs of GitHub workflows that are expressions. One that cannot be evaluated is as if it were not there: GitHub's own
 * default holds.
 */

/** Whether the run goes on although the cell failed. */
export function isFailureAllowed(state: RunState, cell: CellState, report: CellReport): boolean {
  const job = state.course.jobs[cell.job]!;
  // What is wrong with a workflow is a failure of its job there.
  const isWrong = report.cause?.kind === 'invalid' || report.cause?.kind === 'refused';
  const isFailure =
    report.outcome === 'failed' || (report.outcome === 'errored' && job.workflow !== null && isWrong);
  if (!isFailure) return false;
  const { allowFailure } = job.workflow?.dynamic ?? {};
  return allowFailure ? isTrue(value(allowFailure, () => cellContext(state, cell))) : job.allowFailure;
}

/** The longest time for a cell, in milliseconds. */
export function cellTimeout(state: RunState, cell: CellState): number {
  const job = state.course.jobs[cell.job]!;
  const { timeoutMinutes } = job.workflow?.dynamic ?? {};
  if (!timeoutMinutes) return job.timeoutMs;
  const minutes = numberOf(value(timeoutMinutes, () => cellContext(state, cell)));
  return minutes > 0 ? Math.min(Math.round(minutes * 60_000), DURATION_MAX_MS) : job.timeoutMs;
}

/** What the strategy of a job says when it is about to begin; only what the plan does not say. */
export function strategyOf(
  state: RunState,
  index: number,
): { readonly failFast?: boolean; readonly maxParallel?: number } {
  const { failFast, maxParallel } = state.course.jobs[index]!.workflow?.dynamic ?? {};
  const context = () => jobContext(state, index);
  const most = maxParallel ? Math.floor(numberOf(value(maxParallel, context))) : Number.NaN;
  return {
    // GitHub's default is true.
    ...(failFast ? { failFast: value(failFast, context) !== false } : {}),
    ...(most >= 1 ? { maxParallel: most } : {}),
  };
}

/** What the expressions of a cell's job see. */
export function cellContext(state: RunState, cell: CellState): ExpressionContext {
  const { matrix, workflow } = state.course.jobs[cell.job]!;
  const context = { ...jobContext(state, cell.job), matrix: cell.values ?? {} };
  return workflow ? { ...context, strategy: strategyContext(state, cell, matrix) } : context;
}

function strategyContext(state: RunState, cell: CellState, matrix: PlanJob['matrix']): JsonObject {
  const { cellCount, maxParallel, failsFast } = state.jobs.at(cell.job);
  return {
    'fail-fast': matrix === null || failsFast,
    'max-parallel': maxParallel ?? cellCount,
    ...cellPlace(state, cell),
  };
}

/** Which of the cells of its job it is, from 0, and how many there are. */
export function cellPlace(
  state: RunState,
  cell: CellState,
): { readonly 'job-index': number; readonly 'job-total': number } {
  const { firstCell, cellCount } = state.jobs.at(cell.job);
  let index = 0;
  while (index < cellCount && state.cells.at(firstCell + index).name !== cell.name) index++;
  return { 'job-index': index, 'job-total': cellCount };
}

function value(expression: Expression, context: () => ExpressionContext): JsonValue {
  const result = evaluateValue(expression.source, context());
  return result.ok ? result.value : null;
}

function isTrue(one: JsonValue): boolean {
  return one === true || one === 'true';
}

function numberOf(one: JsonValue): number {
  return one === null || one === '' || typeof one === 'boolean' ? Number.NaN : Number(one);
}
