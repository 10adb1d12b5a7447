import type { JsonObject, JsonValue } from '../base/json.ts';
import { authorsOf } from '../engine/approval.ts';
import type { RunState } from '../engine/state.ts';
import { leadsToProduction } from '../gate/guarantee.ts';
import type { CellOutcome } from '../journal/run-event.ts';
import { pullRequestOf } from '../pipeline/pull-request.ts';
import type { Gating, JobBefore } from '../runner/contract.ts';

/** From worst to best. */
const OUTCOMES: readonly CellOutcome[] = ['errored', 'failed', 'cancelled', 'warned', 'succeeded', 'skipped'];

/** What the gates of a job look at besides what it leaves behind itself; the past of its waivers is another stream's. */
export function gatingOf(state: RunState, job: number): Gating {
  const { course } = state;
  const before = new Set(course.needs[job]!);
  for (const index of before) for (const further of course.needs[index]!) before.add(further);
  const isProduction = leadsToProduction(course.plan, course.jobs[job]!.id);
  return {
    ...judgedChange(state),
    leadsToProduction: isProduction,
    waivers: course.plan.waivers,
    waiverHistory: {},
    before: [...before].sort((a, b) => a - b).map((index) => jobBefore(state, index, isProduction)),
  };
}

/** What gates are told of the change that a run is about. */
export function judgedChange(
  state: RunState,
): Pick<Gating, 'runBeganAtMs' | 'authors' | 'labels' | 'targets'> {
  const { request } = state.course;
  return {
    runBeganAtMs: state.requestedAtMs,
    authors: authorsOf(state),
    labels: labelsOf(request.event.payload),
    targets: targetsOf(request),
  };
}

function targetsOf({ source, event }: RunState['course']['request']): readonly string[] {
  const change = pullRequestOf(event.payload);
  const { baseCommit = null, baseRef = null } = change ?? {};
  const named = [source.base?.commit ?? null, baseCommit, baseRef && `origin/${baseRef}`, baseRef];
  return named.filter((one) => one !== null && one !== '') as readonly string[];
}

function labelsOf(payload: JsonObject): readonly string[] {
  const change = payload.pull_request ?? payload;
  if (change === null || typeof change !== 'object' || Array.isArray(change)) return [];
  const { labels } = change as JsonObject;
  if (!Array.isArray(labels)) return [];
  return labels.flatMap((label: JsonValue) => {
    const { name, title } = (label ?? {}) as JsonObject;
    return [name, title].filter((one) => typeof one === 'string');
  });
}

/** What gates see of a job that is over. */
export function jobBefore(state: RunState, index: number, isProduction: boolean): JobBefore {
  const job = state.course.jobs[index]!;
  const { firstCell, cellCount, result, failedThrough, reports, kept } = state.jobs.at(index);
  const outcomes = new Set<CellOutcome>();
  for (let cell = firstCell; cell >= 0 && cell < firstCell + cellCount; cell++) {
    const { outcome } = state.cells.at(cell);
    if (outcome) outcomes.add(outcome);
  }
  const isSkipped = result === 'skipped';
  return {
    id: job.id,
    outcome: isSkipped ? 'skipped' : (OUTCOMES.find((one) => outcomes.has(one)) ?? 'cancelled'),
    kinds: job.reports.map(({ kind }) => kind),
    // What was skipped because something before it failed would have concerned the change. On the way to production a condition
    // is no excuse: whoever writes it could write `false`.
    notApplicable: isSkipped && !failedThrough && !isProduction ? 'its condition does not hold' : null,
    reports,
    kept,
  };
}
