import type { JsonObject } from '../../base/json.ts';
import {
  BlobDamageError,
  type Fingerprint,
  StorageError,
  TreeError,
  type WorkResult,
} from '../../cache/contract.ts';
import { changesBetween, changesSentence } from '../../cache/work/changes.ts';
import { fingerprintOf } from '../../cache/work/fingerprint.ts';
import type { WorkUse } from '../../journal/run-event.ts';
import type { PlanJob } from '../../pipeline/plan.ts';
import type { JobMessage, JobReport, ReusingRun } from '../contract.ts';
import { allowedEnvironment } from '../environment.ts';
import { confinementOf, executorKind, executorOf } from '../isolation.ts';
import type { JobState } from '../job-state.ts';
import type { RunnerOptions } from '../options.ts';
import { JobProblem, machineProblem } from '../problem.ts';
import { jobVariables } from '../step-setup.ts';
import type { Workspaces } from '../workspace/workspace.ts';
import { keepAgain } from './artifacts.ts';
import { contentsOf, lookAtContents, namesOf } from './inputs.ts';
import { ageOfReports } from './report-age.ts';
import { areLogsWhole, reusedReport } from './reuse.ts';
import { lookAtAll, openRunWork, type RunWork } from './run-work.ts';
import { askTool } from './tools.ts';
import {
  type FilledDeclaration,
  fillDeclaration,
  jobParts,
  nameableState,
  type WorkMachine,
} from './work-parts.ts';

/** What is saved at the latest so long after it was done, so that a run that dies loses little. */
const SAVE_AFTER_MS = 5_000;

/** Work that has to be done, and what is to be remembered of it. */
export interface WorkToDo {
  readonly run: RunWork;
  /** Its inputs were looked at before any workspace was made. */
  readonly isEarly: boolean;
  readonly fingerprint: Fingerprint;
  readonly declared: FilledDeclaration;
  /** Told with the report. */
  use: WorkUse;
}

export type WorkFound =
  | { readonly kind: 'none' }
  | { readonly kind: 'reused'; readonly report: JobReport }
  | { readonly kind: 'to-do'; readonly work: WorkToDo }
  /** Whether it was done before cannot be told; the sentence says why. */
  | { readonly kind: 'unknown'; readonly sentence: string };

/** Finds out for each job that declares its inputs whether its work was done before. */
export class RunnerWork {
  readonly #options: RunnerOptions;
  readonly #workspaces: Workspaces;
  readonly machine: WorkMachine;
  readonly #opening = new Map<string, Promise<RunWork>>();
  /** Those that are open, for whoever cannot wait. */
  readonly #runs = new Map<string, RunWork>();
  #savedMs = 0;

  constructor(options: RunnerOptions, workspaces: Workspaces) {
    const { hostEnvironment: host } = options;
    this.#options = options;
    this.#workspaces = workspaces;
    this.machine = {
      platform: `${process.platform}-${process.arch}`,
      allowed: allowedEnvironment(host),
      host,
    };
  }

  /** Begins a run: afterwards `reuse` answers for most of its jobs. Never rejects: what fails here is told by `find`. */
  async prepare(run: ReusingRun, jobs: readonly PlanJob[]): Promise<void> {
    if (this.#options.work === 'anew' || run.source.mode !== 'tree') return;
    const declaring = jobs.filter((job) => isReusable(job, run.trust));
    if (declaring.length === 0) return;
    try {
      const opened = await this.#open(run);
      await lookAtAll(opened, declaring);
      this.#runs.set(run.runId, opened);
    } catch {
      // `find` opens it again, or says why that cannot be.
    }
  }

  /** The report of a job whose work was done before, when that can be told at once. */
  reuse(message: JobMessage): JobReport | null {
    const run = this.#runs.get(message.runId);
    if (!run || this.#options.work === 'check' || !this.#isLookedUp(message)) return null;
    // Reports are proven whole and gates judged, which takes a while.
    if (message.job.reports.length + message.job.gates.length > 0) return null;
    const startedMs = this.#options.clock.monotonic();
    try {
      const { state, declared } = this.#declared(message);
      const inputs = contentsOf(namesOf(declared.inputs, run.names), run.files, run.names);
      const tools = this.#answers(message, declared, run);
      if (inputs === null || tools === null) return null;
      const fingerprint = fingerprintOf({ ...jobParts(state, declared, this.machine), inputs, tools });
      const result = run.results.find(message.cell, fingerprint.digest);
      if (!result || result.artifacts.length > 0) return null;
      if (run.results.isWhole(result) !== true || !areLogsWhole(this.#options.directory, result)) return null;
      run.results.used(message.cell, fingerprint);
      return reusedReport(fingerprint, result, [], this.#options.clock.monotonic() - startedMs);
    } catch (error) {
      if (error instanceof JobProblem) return null;
      throw error;
    }
  }

  /** The same for every job, however long it takes. Rejects with a `JobProblem` or `UserError`. */
  async find(message: JobMessage): Promise<WorkFound> {
    if (!this.#isLookedUp(message)) return { kind: 'none' };
    const startedMs = this.#options.clock.monotonic();
    try {
      const run = await this.open(message);
      const { state, declared } = this.#declared(message);
      const isEarly = run.taken === null;
      const inputs = await lookAtContents(namesOf(declared.inputs, run.names), run.files, run.names);
      const tools = await this.ask(message, declared, run);
      const fingerprint = fingerprintOf({ ...jobParts(state, declared, this.machine), inputs, tools });
      const result =
        this.#options.work === 'check' ? null : run.results.find(message.cell, fingerprint.digest);
      const report = result && (await this.#takeOver(message, state, run, fingerprint, result));
      if (report === null || typeof report === 'string')
        return this.#toDo(message, { run, isEarly, fingerprint, declared }, report);
      run.results.used(message.cell, fingerprint);
      const durationMs = Math.round(this.#options.clock.monotonic() - startedMs);
      return { kind: 'reused', report: { ...report, durationMs } };
    } catch (error) {
      const problem = keepingProblem(error);
      if (problem === null) throw error;
      return { kind: 'unknown', sentence: `whether it was done before cannot be told: ${problem}` };
    }
  }

  /** The report of a job whose result is there; a sentence when something of it is lost or too old. */
  async #takeOver(
    message: JobMessage,
    state: JobState,
    run: RunWork,
    fingerprint: Fingerprint,
    result: WorkResult,
  ): Promise<JobReport | string> {
    const loss = ageOfReports(result, this.#options.clock.now()) ?? (await this.lossOf(result, run));
    if (loss !== null) return loss;
    const kept = await keepAgain(message, state, result, this.#options);
    if (typeof kept === 'string') return kept;
    const report = reusedReport(fingerprint, result, kept, 0);
    const { reports, gates } = message.job;
    if (reports.length + gates.length === 0) return report;
    // With it come all parsers of reports.
    return (await import('./judge-again.ts')).judgeAgain(this.#options, message, result, report);
  }

  /** What a run learnt becomes durable, and the run is forgotten. Never rejects: results are a convenience. */
  async releaseRun(runId: string): Promise<void> {
    const opening = this.#opening.get(runId);
    this.#opening.delete(runId);
    this.#runs.delete(runId);
    const run = await opening?.catch(() => null);
    if (!run) return;
    try {
      const there = new Set(run.names.names);
      run.files.save((path) => there.has(path));
      await run.results.save();
    } catch (error) {
      if (keepingProblem(error) === null) throw error;
    }
  }

  /** Keeps what is new when the last time is some seconds ago. */
  noteDone(run: RunWork): void {
    const nowMs = this.#options.clock.monotonic();
    if (nowMs - this.#savedMs < SAVE_AFTER_MS) return;
    this.#savedMs = nowMs;
    run.results.save().catch(() => {}); // The end of the run saves again.
  }

  /** Whether single steps of the job are looked up. What untrusted code left running could change files while they are read. */
  looksAtSteps(message: JobMessage): boolean {
    const { job, trust, sealed } = message;
    return (
      this.#isFirst(message) &&
      sealed.length === 0 &&
      trust === 'trusted' &&
      job.deploy === null &&
      job.workflow === null &&
      job.steps.some(({ work }) => work !== null)
    );
  }

  #isLookedUp(message: JobMessage): boolean {
    return this.#isFirst(message) && isReusable(message.job, message.trust);
  }

  /** Whoever has it done again, or goes on with it, wants it done. */
  #isFirst({ attempt, resumed, isAnew }: JobMessage): boolean {
    return this.#options.work !== 'anew' && !isAnew && !resumed && attempt === 1;
  }

  /** What the run compares and where it looks, opened when it is first asked for. Rejects as git and the storage do. */
  open(message: JobMessage): Promise<RunWork> {
    return this.#open({
      runId: message.runId,
      source: message.source,
      trust: message.trust,
      payload: (message.contexts.event.payload ?? {}) as JsonObject,
      pipeline: String(message.contexts.pipeline.name),
    });
  }

  #open(run: ReusingRun): Promise<RunWork> {
    let opening = this.#opening.get(run.runId);
    if (!opening) {
      opening = openRunWork(run, () => this.#options.rooms.work(), this.#workspaces);
      opening.catch(() => this.#opening.delete(run.runId));
      this.#opening.set(run.runId, opening);
    }
    return opening;
  }

  #declared(message: JobMessage): { readonly state: JobState; readonly declared: FilledDeclaration } {
    const state = nameableState(message);
    const variables = jobVariables(state);
    return { state, declared: fillDeclaration(message.job.work!, () => state.context({ ...variables })) };
  }

  /** What the tools said; null when one was not asked yet. */
  #answers(
    message: JobMessage,
    { tools }: Pick<FilledDeclaration, 'tools'>,
    { answers }: RunWork,
  ): Readonly<Record<string, string>> | null {
    const told: Record<string, string> = {};
    for (const command of tools) {
      const answer = answers.get(toolKey(message, command));
      if (answer === undefined) return null;
      told[command] = answer;
    }
    return told;
  }

  /** What the tools say; each is asked once in a run. */
  async ask(
    message: JobMessage,
    { tools }: Pick<FilledDeclaration, 'tools'>,
    run: RunWork,
  ): Promise<Readonly<Record<string, string>>> {
    for (const command of tools) {
      const key = toolKey(message, command);
      const asked = run.tools.get(key) ?? this.#askTool(message, command, run.tools.size);
      run.tools.set(key, asked);
      run.answers.set(key, await asked);
    }
    return this.#answers(message, { tools }, run)!;
  }

  async #askTool(message: JobMessage, command: string, number: number): Promise<string> {
    const { runId } = message;
    const state = nameableState(message);
    const executor = await executorOf(this.#options, message);
    const folder = this.#workspaces.scratch(runId, `tool-${number}`);
    const confinement = confinementOf(executor.isolation.kind, state, jobVariables(state), folder, () => []);
    return askTool(command, number, {
      runId,
      executor,
      confinement,
      folder,
      environment: this.machine.allowed,
    });
  }

  /** What of a result is lost, as a sentence; null: it is whole. */
  async lossOf(result: WorkResult, { results }: RunWork): Promise<string | null> {
    if (!areLogsWhole(this.#options.directory, result))
      return `the log of run ${result.runId} is not whole any more`;
    if (!(await results.isWhole(result)))
      return `the files that run ${result.runId} made are not whole any more`;
    return null;
  }

  async #toDo(message: JobMessage, work: Omit<WorkToDo, 'use'>, why: string | null): Promise<WorkFound> {
    const { run, fingerprint } = work;
    const use = await this.useToDo(message.cell, run, fingerprint, why);
    return { kind: 'to-do', work: { ...work, use } };
  }

  /** What is told of work that has to be done. `why`: what is wrong with the result that there is; null: there is none. */
  async useToDo(
    subject: string,
    run: RunWork,
    fingerprint: Fingerprint,
    why: string | null,
  ): Promise<WorkUse> {
    const last = why === null ? await run.results.last(subject) : null;
    const changes = last && changesBetween(last, fingerprint);
    const done = changes ? `done: ${changesSentence(changes)}` : 'done: nothing is known of it yet';
    return {
      fingerprint: fingerprint.digest,
      reusedFrom: null,
      sentence: why === null ? done : `done anew: ${why}`,
      savedMs: 0,
      ...(changes ? { changes } : {}),
    };
  }
}

/** Deployments and approvals act on the world, and a job that only judges has nothing that could be skipped. */
export function isReusable(job: PlanJob, trust: JobMessage['trust']): boolean {
  return (
    job.work !== null &&
    job.deploy === null &&
    job.approval === null &&
    job.steps.length > 0 &&
    job.refusals.length === 0 &&
    (trust === 'trusted' || job.secrets.length === 0)
  );
}

/** The sentence of what keeping results cannot do, or null when the error is about something else. */
export function keepingProblem(error: unknown): string | null {
  const isOfKeeping =
    error instanceof StorageError || error instanceof BlobDamageError || error instanceof TreeError;
  return isOfKeeping ? error.message : machineProblem(error);
}

/** Where it runs decides what a command says. */
function toolKey(message: JobMessage, command: string): string {
  const { container, isolation } = message.job;
  return JSON.stringify([executorKind(message), container?.image ?? null, isolation.network, command]);
}
