import { userError } from '../base/diagnostic.ts';
import type { JsonObject } from '../base/json.ts';
import type { StoredEvent } from '../journal/event.ts';
import type { RunEvent } from '../journal/run-event.ts';
import { unpackPlan } from '../pipeline/packed-plan.ts';
import type { Plan } from '../pipeline/plan.ts';
import type { RerunWhat } from './contract.ts';

type Finished = Extract<RunEvent, { type: 'cell.finished' }>;

/**
 * The results of a run that a repetition takes over: those of the cells that ended well and are not to be repeated.
 * Whatever depends on a repeated job is repeated too. Errors (`UserError`): no such job, nothing failed.
 */
export function reusedCells(
  request: Extract<RunEvent, { type: 'run.requested' }>,
  events: readonly StoredEvent[],
  what: RerunWhat,
): Readonly<Record<string, JsonObject>> {
  if (what.kind === 'all') return {};
  const finished = events
    .map((event) => event.body)
    .filter((body): body is Finished => body.type === 'cell.finished' && !body.retry);
  const good = (cell: Finished) => cell.outcome === 'succeeded' || cell.outcome === 'warned';
  const plan = unpackPlan(request.plan);
  const first =
    what.kind === 'from' ? [what.job] : finished.filter((cell) => !good(cell)).map((cell) => cell.job);
  if (what.kind === 'from' && !plan.jobs.some((job) => job.id === what.job)) {
    throw userError(
      'job-unknown',
      `the run has no job ${what.job}`,
      `one of: ${plan.jobs.map((job) => job.id).join(', ')}`,
    );
  }
  if (first.length === 0 && finished.length === plan.jobs.length) {
    throw userError('rerun-nothing', 'nothing failed in that run', 'sluice rerun ID repeats all of it');
  }
  const behind = jobsBehind(plan, first);
  // Of a matrix with a failed cell the good cells are kept, unless the job was named.
  const repeated = (cell: Finished) =>
    behind.has(cell.job) || (what.kind === 'from' && cell.job === what.job) || !good(cell);
  return Object.fromEntries(
    finished.filter((cell) => !repeated(cell)).map((cell) => [cell.cell, cell as unknown as JsonObject]),
  );
}

/** The jobs that need one of the given ones, directly or not. */
function jobsBehind(plan: Plan, first: readonly string[]): ReadonlySet<string> {
  const behind = new Set<string>();
  const open = [...first];
  while (open.length > 0) {
    const id = open.pop()!;
    for (const job of plan.jobs) {
      if (job.needs.includes(id) && !behind.has(job.id)) {
        behind.add(job.id);
        open.push(job.id);
      }
    }
  }
  return behind;
}
