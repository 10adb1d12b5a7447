import type { JsonObject } from '../base/json.ts';
import type { PlacedEvent } from '../journal/event.ts';
import type { Reason, RunEvent } from '../journal/run-event.ts';
import { eventWord } from '../pipeline/event-name.ts';
import { unpackPlan } from '../pipeline/packed-plan.ts';
import { cellName, type PlanJob } from '../pipeline/plan.ts';
import { approvalChange } from './fold-approval.ts';
import { cellChange, newCell, stepChange } from './fold-cell.ts';
import type { CellView, JobView, RunView, StageView } from './run-view.ts';

type Requested = Extract<RunEvent, { type: 'run.requested' }>;
type RunFields = Omit<RunView, 'stages'>;

/**
 * What faces show of a run, from all events of its stream in order. Pure.
 * Throws when the events do not begin with `run.requested`: then it is not a run's stream.
 */
export function foldRun(events: Iterable<PlacedEvent>): RunView {
  const fold = new RunViewFold();
  for (const event of events) fold.apply(event);
  return fold.view();
}

/**
 * The same fold for a run that still goes on: `apply` one event after the other, `view` at any time. A view never changes
 * after it was given out; what an event did not touch is shared between views, so that a view of 10,000 jobs is cheap.
 */
export class RunViewFold {
  #run: RunFields | null = null;
  #stages: StageState[] = [];
  readonly #jobs = new Map<string, JobState>();
  /** All cells by name: their names begin with that of their job. */
  readonly #cells = new Map<string, CellState>();
  #view: RunView | null = null;

  apply(event: PlacedEvent): void {
    const body = event.body;
    this.#view = null;
    if (body.type === 'run.requested') this.#request(body, event.at);
    const run = this.#run;
    if (!run)
      throw new Error(`internal error: a run's events begin with run.requested, not with ${body.type}`);
    this.#run = { ...run, ...runChange(run, body, event.at), atMs: event.at };
    this.#applyToCells(body, event.at);
  }

  view(): RunView {
    if (!this.#run) throw new Error('internal error: a run without events has no view');
    this.#view ??= { ...this.#run, stages: this.#stages.map(stageView) };
    return this.#view;
  }

  /** One cell as it is now, without making a view of everything. */
  cell(name: string): CellView | null {
    return this.#cells.get(name)?.view ?? null;
  }

  #request(body: Requested, at: number): void {
    const plan = unpackPlan(body.plan);
    this.#run = {
      runId: body.runId,
      pipeline: body.pipeline,
      file: body.file,
      source: body.source,
      event: eventWord(body.event.name, plan.dialect),
      trust: body.trust ?? 'trusted',
      trustReason: body.trustReason ?? null,
      requestedAtMs: at,
      atMs: at,
      state: 'waiting',
      waitingFor: null,
      outcome: null,
      sentence: null,
      durationMs: null,
      owner: null,
      resumes: 0,
      rerunOf: body.rerunOf?.runId ?? null,
      warnings: [],
      cancels: [],
    };
    const wanted = body.only && withNeeds(plan.jobs, body.only);
    this.#stages = plan.stages.map((stage) => ({ name: stage.name, jobs: [], view: null }));
    const stages = new Map(this.#stages.map((stage) => [stage.name, stage]));
    for (const job of plan.jobs) {
      const stage = stages.get(job.stage);
      if (!stage)
        throw new Error(`internal error: job ${job.id} is in stage ${job.stage}, which is not in the plan`);
      const state: JobState = {
        plan: job,
        stage,
        expectedMs: body.expectedMs[job.id] ?? null,
        cells: null,
        // A job that was not asked for is shown only when the journal speaks of it.
        shown: !wanted || wanted.has(job.id),
        reason: null,
        view: null,
      };
      this.#jobs.set(job.id, state);
      stage.jobs.push(state);
      const cells = job.matrix ? job.matrix.cells : [null];
      if (cells) this.#setMatrix(state, cells);
    }
    for (const [cell, result] of Object.entries(body.rerunOf?.reused ?? {})) this.#reuse(cell, result);
  }

  #reuse(cell: string, result: Readonly<Record<string, unknown>>): void {
    const job =
      this.#cells.get(cell)?.job ??
      [...this.#jobs.values()].find((one) => cell.startsWith(`${one.plan.id} (`));
    if (!job) return;
    this.#change(job, cell, () => ({
      state: 'finished',
      reused: true,
      outcome: (result.outcome as CellView['outcome']) ?? 'succeeded',
      outputs: (result.outputs as CellView['outputs']) ?? {},
      extras: (result.extras as CellView['extras']) ?? {},
    }));
  }

  #setMatrix(job: JobState, combinations: readonly (JsonObject | null)[]): void {
    const earlier = job.cells ?? [];
    for (const { view } of earlier) this.#cells.delete(view.name);
    job.cells = combinations.map((values) => {
      const name = cellName(job.plan.id, values);
      const known = earlier.find(({ view }) => view.name === name)?.view;
      return this.#add(job, name, values, known);
    });
    touch(job);
  }

  #add(job: JobState, name: string, values: JsonObject | null, known?: CellView): CellState {
    const cell = { job, values, view: known ?? newCell(name, job.plan, values) };
    this.#cells.set(name, cell);
    return cell;
  }

  #applyToCells(body: PlacedEvent['body'], at: number): void {
    switch (body.type) {
      case 'matrix.expanded': {
        const job = this.#jobs.get(body.job);
        if (job) this.#setMatrix(job, body.cells);
        return;
      }
      case 'step.started':
      case 'step.finished': {
        const job = this.#cells.get(body.cell)?.job;
        if (job) this.#change(job, body.cell, (cell) => stepChange(cell, body, at));
        return;
      }
      case 'job.ready': {
        const job = this.#jobs.get(body.job);
        if (job) makeReady(job, body.reason);
        return;
      }
      case 'cell.skipped': {
        const job = this.#jobs.get(body.job);
        // A job is skipped as a whole, whatever its matrix.
        if (job) this.#setMatrix(job, [null]);
        if (job)
          this.#change(job, body.cell, () => ({
            state: 'finished',
            outcome: 'skipped',
            reason: body.reason,
          }));
        return;
      }
      case 'approval.requested':
      case 'approval.given':
      case 'approval.rejected':
      case 'approval.expired': {
        const job = this.#jobs.get(body.job);
        if (job) this.#change(job, body.cell, (cell) => approvalChange(cell, body, at));
        return;
      }
      case 'cell.queued':
      case 'cell.started':
      case 'cell.finished': {
        const job = this.#jobs.get(body.job);
        if (job) this.#change(job, body.cell, (cell, values) => cellChange(cell, body, at, job.plan, values));
        return;
      }
    }
  }

  #change(
    job: JobState,
    name: string,
    change: (cell: CellView, values: JsonObject | null) => Partial<CellView>,
  ): void {
    let cell = this.#cells.get(name);
    if (!cell) {
      cell = this.#add(job, name, null);
      job.cells = [...(job.cells ?? []), cell];
    }
    cell.view = { ...cell.view, ...change(cell.view, cell.values) };
    job.shown = true;
    touch(job);
  }
}

interface StageState {
  readonly name: string;
  readonly jobs: JobState[];
  view: StageView | null;
}

/** No map for each job: of 10,000 jobs those took 5 MiB. */
interface CellState {
  readonly job: JobState;
  /** The combination of the matrix. */
  readonly values: JsonObject | null;
  view: CellView;
}

interface JobState {
  readonly plan: PlanJob;
  readonly stage: StageState;
  readonly expectedMs: number | null;
  cells: readonly CellState[] | null;
  shown: boolean;
  reason: Reason | null;
  view: JobView | null;
}

function touch(job: JobState): void {
  job.view = null;
  job.stage.view = null;
}

/** Its cells wait for workers. */
function makeReady(job: JobState, reason: Reason): void {
  job.reason = reason;
  for (const cell of job.cells ?? []) {
    if (cell.view.state === 'waiting') cell.view = { ...cell.view, state: 'queued' };
  }
  touch(job);
}

function stageView(stage: StageState): StageView {
  stage.view ??= { name: stage.name, jobs: stage.jobs.filter((job) => job.shown).map(jobView) };
  return stage.view;
}

function jobView(job: JobState): JobView {
  job.view ??= {
    id: job.plan.id,
    needs: job.plan.needs,
    services: job.plan.services.map((service) => service.name),
    expectedMs: job.expectedMs,
    reason: job.reason,
    cells: job.cells?.map(({ view }) => view) ?? null,
  };
  return job.view;
}

/** The jobs and everything they need, however far away. */
function withNeeds(jobs: readonly PlanJob[], only: readonly string[]): ReadonlySet<string> {
  const byId = new Map(jobs.map((job) => [job.id, job]));
  const wanted = new Set(only);
  for (const id of wanted) for (const need of byId.get(id)?.needs ?? []) wanted.add(need);
  return wanted;
}

/** What an event says about the run as a whole. */
function runChange(run: RunFields, body: PlacedEvent['body'], at: number): Partial<RunFields> {
  switch (body.type) {
    case 'run.owned':
      return {
        owner: body.owner,
        resumes: run.resumes + (body.resumed ? 1 : 0),
        state: run.state === 'waiting' && !run.waitingFor ? 'running' : run.state,
      };
    case 'run.waiting':
      return body.cell !== null ? {} : { state: 'waiting', waitingFor: waitingText(body.group, body.behind) };
    case 'run.admitted':
      return body.cell !== null
        ? {}
        : { state: run.state === 'waiting' ? 'running' : run.state, waitingFor: null };
    case 'run.cancel-requested':
      return {
        state: body.target.kind === 'run' ? 'cancelling' : run.state,
        cancels: [...run.cancels, { target: body.target, by: body.by, reason: body.reason, atMs: at }],
      };
    case 'run.warning':
      return { warnings: [...run.warnings, body.message] };
    case 'run.finished':
      return {
        state: 'finished',
        waitingFor: null,
        outcome: body.outcome,
        sentence: body.sentence,
        durationMs: body.durationMs,
      };
    default:
      return {};
  }
}

function waitingText(group: string, behind: readonly string[]): string {
  const whom =
    behind.length === 0 ? '' : `, behind ${behind.length === 1 ? 'run' : 'runs'} ${behind.join(', ')}`;
  return `the concurrency group ${group}${whom}`;
}
