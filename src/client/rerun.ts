import { userError } from '../base/diagnostic.ts';
import type { JsonObject } from '../base/json.ts';
import type { StoredEvent } from '../journal/event.ts';
import type { RunEvent } from '../journal/run-event.ts';
import { unpackPlan } from '../pipeline/packed-plan.ts';
import type { Plan } from '../pipeline/plan.ts';
import type { RerunWhat } from './contract.ts';
import { continuedCells, type RerunPlace, rerunPlace } from './rerun-from.ts';

type Finished = Extract<RunEvent, { type: 'cell.finished' }>;

/** What a repetition takes over from a run, as its request names it. */
export interface TakenOver {
  readonly reused: Readonly<Record<string, JsonObject>>;
  readonly continued?: Readonly<Record<string, readonly JsonObject[]>>;
}

/**
 * The results of a run that a repetition takes over: those of the cells that ended well and are not to be repeated, and of a
 * cell that begins in its middle the steps before. Whatever depends on a repeated job is repeated too. Errors (`UserError`):
 * no such job or step, nothing failed, a workspace that was not kept.
 */
export function takenOver(
  request: Extract<RunEvent, { type: 'run.requested' }>,
  events: readonly StoredEvent[],
  what: RerunWhat,
): TakenOver {
  if (what.kind === 'all') return { reused: {} };
  const finished = events
    .map((event) => event.body)
    .filter((body): body is Finished => body.type === 'cell.finished' && !body.retry);
  const plan = unpackPlan(request.plan);
  if (what.kind === 'failed') return { reused: withoutFailed(plan, finished) };
  const place = rerunPlace(plan, events, what.from);
  const reused = before(plan, finished, place);
  if (place.step === null) return { reused };
  const continued = continuedCells(request.runId, plan, events, { ...place, step: place.step });
  return { reused, continued: continued as unknown as Record<string, readonly JsonObject[]> };
}

function withoutFailed(plan: Plan, finished: readonly Finished[]): TakenOver['reused'] {
  const first = finished.filter((cell) => !isGood(cell)).map((cell) => cell.job);
  if (first.length === 0 && finished.length === plan.jobs.length) {
    throw userError('rerun-nothing', 'nothing failed in that run', 'sluice rerun ID repeats all of it');
  }
  const behind = jobsBehind(plan, first);
  // Of a matrix with a failed cell the good cells are kept.
  return byCell(
    finished.filter((cell) => isGood(cell) && !behind.has(cell.job)),
    plan,
  );
}

function before(plan: Plan, finished: readonly Finished[], { job, cell }: RerunPlace): TakenOver['reused'] {
  const behind = jobsBehind(plan, [job]);
  const isRepeated = (one: Finished) =>
    behind.has(one.job) || (one.job === job && (cell === null || one.cell === cell));
  return byCell(
    finished.filter((one) => isGood(one) && !isRepeated(one)),
    plan,
  );
}

function isGood({ outcome }: Finished): boolean {
  return outcome === 'succeeded' || outcome === 'warned';
}

/** An approval is never taken over: it was used, and people are asked again. */
function byCell(finished: readonly Finished[], { jobs }: Plan): TakenOver['reused'] {
  const approvals = new Set(jobs.filter((job) => job.approval !== null).map((job) => job.id));
  const taken = finished.filter((cell) => !approvals.has(cell.job));
  return Object.fromEntries(taken.map((cell) => [cell.cell, cell as unknown as JsonObject]));
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
