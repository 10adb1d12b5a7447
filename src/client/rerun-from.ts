import { userError } from '../base/diagnostic.ts';
import { nearestName } from '../base/near.ts';
import type { StoredEvent } from '../journal/event.ts';
import type { RunEvent } from '../journal/run-event.ts';
import type { Plan, PlanJob, PlanStep } from '../pipeline/plan.ts';

type StepFinished = Extract<RunEvent, { type: 'step.finished' }>;

/** Where a repetition begins: at a job, or at a step of it (in all of its cells, or in one). */
export interface RerunPlace {
  readonly job: string;
  readonly cell: string | null;
  readonly step: string | null;
}

const NAMED_MAX = 8;

/**
 * What `--from` means: `JOB`, `STEP` when one job alone has such a step, `JOB/STEP` or `CELL/STEP`. A step is meant by its id or
 * by its name. Errors (`UserError`): there is no such job or step, or several.
 */
export function rerunPlace(plan: Plan, events: readonly StoredEvent[], text: string): RerunPlace {
  if (plan.jobs.some((job) => job.id === text)) return { job: text, cell: null, step: null };
  if (!text.includes('/') || plan.jobs.some((job) => stepIds(job.steps, text).length > 0))
    return stepAlone(plan, text);
  // Values of a matrix and names of steps may hold a slash themselves.
  for (let slash = text.indexOf('/'); slash >= 0; slash = text.indexOf('/', slash + 1)) {
    const owner = ownerOf(plan, events, text.slice(0, slash));
    if (owner) return { ...owner, step: stepWithin(plan, owner.job, text, text.slice(slash + 1)) };
  }
  const owner = text.slice(0, text.lastIndexOf('/'));
  throw unknown(plan, text, `job or cell ${owner}`, jobIds(plan), owner);
}

function ownerOf(
  plan: Plan,
  events: readonly StoredEvent[],
  owner: string,
): Pick<RerunPlace, 'job' | 'cell'> | null {
  if (plan.jobs.some((job) => job.id === owner)) return { job: owner, cell: null };
  for (const { body } of events)
    if (body.type === 'cell.started' && body.cell === owner) return { job: body.job, cell: owner };
  return null;
}

function stepWithin(plan: Plan, job: string, text: string, step: string): string {
  const { steps, cleanup } = plan.jobs.find(({ id }) => id === job)!;
  const ids = stepIds(steps, step);
  if (ids.length === 1) return ids[0]!;
  if (ids.length > 1)
    throw ambiguous(
      `job ${job} has ${ids.length} steps ${step}`,
      ids.map((id) => `${job}/${id}`),
    );
  if (stepIds(cleanup, step).length > 0)
    throw userError(
      'rerun-cleanup',
      `${step} is a clean-up step of ${job}: a run cannot begin there`,
      `begin with a step: ${steps
        .slice(0, NAMED_MAX)
        .map(({ id }) => id)
        .join(', ')}`,
    );
  throw unknown(plan, text, `step ${step} in job ${job}`, idsAndNames(steps), step);
}

function stepAlone(plan: Plan, text: string): RerunPlace {
  const having = plan.jobs.flatMap(({ id, steps }) =>
    stepIds(steps, text).map((step) => ({ job: id, step, cell: null })),
  );
  if (having.length === 1) return having[0]!;
  if (having.length > 1)
    throw ambiguous(
      `${having.length} steps are called ${text}`,
      having.map(({ job, step }) => `${job}/${step}`),
    );
  const known = [...jobIds(plan), ...plan.jobs.flatMap(({ steps }) => idsAndNames(steps))];
  throw unknown(plan, text, `job and no step ${text}`, known, text);
}

function ambiguous(message: string, places: readonly string[]) {
  return userError('rerun-ambiguous', message, `say which one: ${places.slice(0, NAMED_MAX).join(', ')}`);
}

/** The ids of the steps that are meant: of the one with this id, else of those with this name. */
function stepIds(steps: readonly PlanStep[], text: string): readonly string[] {
  if (steps.some(({ id }) => id === text)) return [text];
  return steps.filter(({ name }) => name === text).map(({ id }) => id);
}

function idsAndNames(steps: readonly PlanStep[]): readonly string[] {
  return steps.flatMap(({ id, name }) => (name ? [id, name] : [id]));
}

function jobIds({ jobs }: Plan): readonly string[] {
  return jobs.map(({ id }) => id);
}

function unknown(plan: Plan, text: string, what: string, known: readonly string[], wanted: string) {
  const near = nearestName(wanted, known);
  const list = (known.length > 0 ? known : jobIds(plan)).slice(0, NAMED_MAX).join(', ');
  return userError(
    'job-unknown',
    `--from ${text}: the run has no ${what}`,
    near ? `did you mean ${near}?` : `there are: ${list}`,
  );
}

/**
 * The receipts that the cells of the job take over when it begins at the step: those of the steps before it, in the order in
 * which they ended. A cell that begins with its first step takes over nothing and is not named. Errors (`UserError`): a step
 * before was not over there, or the workspace that it left was not kept.
 */
export function continuedCells(
  runId: string,
  plan: Plan,
  events: readonly StoredEvent[],
  place: RerunPlace & { readonly step: string },
): Readonly<Record<string, readonly StepFinished[]>> {
  const job = plan.jobs.find(({ id }) => id === place.job)!;
  const before = stepsBefore(job, place.step);
  if (before.length === 0) return {};
  for (const { body } of events) {
    if (body.type !== 'cell.finished' || body.job !== job.id || (place.cell ?? body.cell) !== body.cell)
      continue;
    const from = body.extras?.work?.reusedFrom ?? null;
    if (from !== null) throw notDone(runId, from, job, place.step);
  }
  const cells = new Set(
    events.flatMap(({ body }) =>
      body.type === 'cell.started' && body.job === job.id && (place.cell ?? body.cell) === body.cell
        ? [body.cell]
        : [],
    ),
  );
  if (cells.size === 0) throw notPerformed(runId, events, job);
  const continued: Record<string, readonly StepFinished[]> = {};
  for (const cell of cells) {
    const receipts = lastReceipts(events, cell, before);
    const missing = before.find((step) => !receipts.some((receipt) => receipt.step === step));
    if (missing !== undefined)
      throw userError(
        'rerun-not-reached',
        `step ${missing} of ${cell}, which comes before ${place.step}, was not over in run ${runId}`,
        `begin earlier: sluice rerun ${runId} --from ${job.id}/${missing}`,
      );
    const last = receipts.findLast(({ outcome }) => outcome !== 'skipped');
    if (last && !last.snapshot) throw notKept(runId, cell, job, last.step);
    if (last) continued[cell] = receipts;
  }
  return continued;
}

/** Steps that run at the same time begin together. */
function stepsBefore(job: PlanJob, step: string): readonly string[] {
  const index = job.steps.findIndex(({ id }) => id === step);
  const group = job.steps[index]!.parallelGroup;
  const first = group === null ? index : job.steps.findIndex((one) => one.parallelGroup === group);
  return job.steps.slice(0, first).map(({ id }) => id);
}

/** The last receipt of each of the steps in the cell's last attempt. */
function lastReceipts(
  events: readonly StoredEvent[],
  cell: string,
  steps: readonly string[],
): StepFinished[] {
  let receipts: StepFinished[] = [];
  for (const { body } of events) {
    if (body.type === 'cell.started' && body.cell === cell) receipts = [];
    if (body.type !== 'step.finished' || body.cell !== cell || !steps.includes(body.step)) continue;
    receipts = [...receipts.filter((receipt) => receipt.step !== body.step), body];
  }
  return receipts;
}

function notDone(runId: string, from: string, job: PlanJob, step: string) {
  return userError(
    'rerun-not-reached',
    `run ${runId} took the work of job ${job.id} over from run ${from} and has no workspace of its own`,
    `begin with the whole job: sluice rerun ${runId} --from ${job.id}; or repeat that run: sluice rerun ${from} --from ${job.id}/${step}`,
  );
}

function notPerformed(runId: string, events: readonly StoredEvent[], job: PlanJob) {
  const request = events[0]?.body;
  const before = request?.type === 'run.requested' ? request.rerunOf : null;
  const isReused = Object.values(before?.reused ?? {}).some((cell) => cell.job === job.id);
  return userError(
    'rerun-not-reached',
    isReused
      ? `run ${runId} took job ${job.id} over from run ${before!.runId} and has no workspace of its own`
      : `job ${job.id} did not begin in run ${runId}`,
    isReused
      ? `repeat that run: sluice rerun ${before!.runId} --from ...`
      : `begin with it: sluice rerun ${runId} --from ${job.id}`,
  );
}

function notKept(runId: string, cell: string, job: PlanJob, step: string) {
  return userError(
    'rerun-no-snapshot',
    `run ${runId} did not keep the workspace of ${cell} after step ${step}`,
    job.snapshots
      ? `its warnings say why: sluice show ${runId}; or begin with the whole job: sluice rerun ${runId} --from ${job.id}`
      : `next time: sluice run --snapshots, or \`snapshots: true\` in the pipeline; now begin with the whole job: sluice rerun ${runId} --from ${job.id}`,
  );
}
