import { userError } from '../base/diagnostic.ts';
import { nearestName } from '../base/near.ts';
import type { StoredEvent } from '../journal/event.ts';
import type { RunEvent } from '../journal/run-event.ts';
import type { Plan, PlanJob } from '../pipeline/plan.ts';

type StepFinished = Extract<RunEvent, { type: 'step.finished' }>;

/** Where a repetition begins: at a job, or at a step of it (in all of its cells, or in one). */
export interface RerunPlace {
  readonly job: string;
  readonly cell: string | null;
  readonly step: string | null;
}

const NAMED_MAX = 8;

/**
 * What `--from` means: `JOB`, `STEP` when one job alone has such a step, `JOB/STEP` or `CELL/STEP`. Errors (`UserError`): there
 * is no such job or step, or several.
 */
export function rerunPlace(plan: Plan, events: readonly StoredEvent[], text: string): RerunPlace {
  const isJob = (id: string) => plan.jobs.some((job) => job.id === id);
  if (isJob(text)) return { job: text, cell: null, step: null };
  const slash = text.lastIndexOf('/');
  if (slash < 0) return stepAlone(plan, text);
  const owner = text.slice(0, slash);
  const cell = events
    .map(({ body }) => body)
    .find((body) => body.type === 'cell.started' && body.cell === owner);
  const id = isJob(owner) ? owner : cell?.type === 'cell.started' ? cell.job : null;
  if (id === null) throw unknown(plan, text, `job or cell ${owner}`, jobIds(plan), owner);
  const job = plan.jobs.find((one) => one.id === id)!;
  const step = text.slice(slash + 1);
  const steps = job.steps.map((one) => one.id);
  if (job.cleanup.some((one) => one.id === step))
    throw userError(
      'rerun-cleanup',
      `${step} is a clean-up step of ${id}: a run cannot begin there`,
      `begin with a step: ${steps.slice(0, NAMED_MAX).join(', ')}`,
    );
  if (!steps.includes(step)) throw unknown(plan, text, `step ${step} in job ${id}`, steps, step);
  return { job: id, cell: owner === id ? null : owner, step };
}

function stepAlone(plan: Plan, text: string): RerunPlace {
  const having = plan.jobs.filter(({ steps }) => steps.some(({ id }) => id === text));
  if (having.length === 1) return { job: having[0]!.id, cell: null, step: text };
  if (having.length > 1) {
    const places = having.slice(0, NAMED_MAX).map(({ id }) => `${id}/${text}`);
    throw userError(
      'rerun-ambiguous',
      `${having.length} jobs have a step ${text}`,
      `say which one: ${places.join(', ')}`,
    );
  }
  const steps = plan.jobs.flatMap((job) => job.steps.map(({ id }) => id));
  throw unknown(plan, text, `job and no step ${text}`, [...jobIds(plan), ...steps], text);
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
