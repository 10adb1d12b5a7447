import process from 'node:process';
import { UserError } from '../base/diagnostic.ts';
import type { Executor, ExecutorJob } from '../executor/contract.ts';
import type { GateResult } from '../gate/result.ts';
import type { Cause, RunSource, WorkUse } from '../journal/run-event.ts';
import type { PlanJob } from '../pipeline/plan.ts';
import { untrustedRefusals } from '../pipeline/restrict.ts';
import { Attempt } from './attempt.ts';
import { allNotes } from './command/notes.ts';
import type {
  Emit,
  GateQuestion,
  JobControl,
  JobMessage,
  JobReport,
  ReusingRun,
  Runner,
  StepFinished,
} from './contract.ts';
import {
  allowedEnvironment,
  type Environment,
  jobEnvironment,
  machineEnvironment,
  prepareWorkflowFiles,
} from './environment.ts';
import { environmentHold } from './environment-hold.ts';
import { confinementOf, executorOf } from './isolation.ts';
import { jobKey, runGroup } from './job-key.ts';
import { JobState } from './job-state.ts';
import { createRedaction, type Redaction } from './mask/redaction.ts';
import type { RunnerOptions } from './options.ts';
import { JobProblem, machineProblem } from './problem.ts';
import { readSecrets, secretsOfCalls } from './secrets.ts';
import { restoringOf } from './snapshot.ts';
import { jobVariables } from './step-setup.ts';
import { watchFiles } from './work/check-files.ts';
import { differingInput, keepWork } from './work/keep-work.ts';
import { StepWork } from './work/step-work.ts';
import { RunnerWork } from './work/work.ts';
import { type Workspace, Workspaces } from './workspace/workspace.ts';

/** Makes a runner on this machine. It starts nothing by itself and holds nothing that must be closed; the executor is the caller's. */
export function createRunner(options: RunnerOptions): Runner {
  return new LocalRunner(options);
}

/** What stays of an attempt until its report is durable. */
interface Left {
  readonly runId: string;
  readonly job: ExecutorJob;
  readonly workspace: Workspace;
  readonly isKept: boolean;
}

class LocalRunner implements Runner {
  readonly #options: RunnerOptions;
  readonly #workspaces: Workspaces;
  readonly #work: RunnerWork;
  readonly #allowed: Environment;
  readonly #left = new Map<string, Left>();
  readonly #removing = new Set<Promise<string | null>>();

  constructor(options: RunnerOptions) {
    this.#options = options;
    this.#workspaces = new Workspaces(options.workspaceRoot, options.directory);
    this.#work = new RunnerWork(options, this.#workspaces);
    this.#allowed = allowedEnvironment(options.hostEnvironment);
  }

  perform(message: JobMessage, emit: Emit, control: JobControl): Promise<JobReport> {
    const places = { workspaces: this.#workspaces, work: this.#work };
    return performJob(this.#options, places, this.#allowed, message, emit, control, (left) => {
      this.#left.set(jobKey(message.runId, message.cell, message.attempt), left);
    });
  }

  prepareReuse(run: ReusingRun, jobs: readonly PlanJob[]): Promise<void> {
    return this.#work.prepare(run, jobs);
  }

  reuse(message: JobMessage): JobReport | null {
    return this.#work.reuse(message);
  }

  async judge(question: GateQuestion): Promise<GateResult | null> {
    // With it come all parsers of reports.
    return (await import('./gate/judge-job.ts')).judgeAgain(this.#options, question);
  }

  prepare(runId: string, source: RunSource): void {
    this.#workspaces.prepare(runId, source);
  }

  async releaseAttempt(runId: string, cell: string, attempt: number): Promise<string | null> {
    const key = jobKey(runId, cell, attempt);
    const left = this.#left.get(key);
    this.#left.delete(key);
    if (left) left.job.forget();
    else for (const executor of await this.#executors()) await executor.sweep(key);
    if (left?.isKept) {
      this.#workspaces.keep(left.workspace);
      return null;
    }
    const removing = left
      ? this.#workspaces.remove(left.workspace)
      : this.#workspaces.removeAttempt(runId, cell, attempt);
    this.#removing.add(removing);
    return removing.finally(() => this.#removing.delete(removing));
  }

  async releaseRun(runId: string): Promise<string | null> {
    // The run's end overtakes the release of its last attempts.
    for (const [key, { job, workspace, isKept, runId: owner }] of this.#left) {
      if (owner !== runId) continue;
      this.#left.delete(key);
      job.forget();
      if (isKept) this.#workspaces.keep(workspace);
    }
    await Promise.all(this.#removing);
    await this.#work.releaseRun(runId);
    // Of attempts that an earlier owner performed.
    for (const executor of await this.#executors()) await executor.sweepGroup(runGroup(runId));
    return this.#workspaces.releaseRun(runId);
  }

  async tidy(isOver: (runId: string) => Promise<boolean>): Promise<void> {
    for (const executor of await this.#executors())
      for (const group of executor.groups()) if (await isOver(group)) await executor.sweepGroup(group);
    await this.#workspaces.tidy(isOver, this.#options.clock.now());
  }

  /** All that may hold something of an earlier owner. */
  async #executors(): Promise<readonly Executor[]> {
    return [this.#options.executor, ...(await this.#options.rooms.leftBehind())];
  }
}

async function performJob(
  options: RunnerOptions,
  { workspaces, work }: { readonly workspaces: Workspaces; readonly work: RunnerWork },
  allowed: Environment,
  message: JobMessage,
  emit: Emit,
  control: JobControl,
  leave: (left: Left) => void,
): Promise<JobReport> {
  const startedMs = options.clock.monotonic();
  // What an earlier owner did of this attempt is a part of how long it took.
  const earlierMs = message.resumed ? Math.max(0, options.clock.now() - message.startedAtMs) : 0;
  const beganMs = startedMs - earlierMs;
  const { job } = message;
  const ended = (cause: Cause): JobReport => ({
    outcome: 'errored',
    cause,
    step: null,
    durationMs: Math.round(options.clock.monotonic() - beganMs),
    outputs: {},
    tail:
      cause.kind === 'invalid' || cause.kind === 'internal'
        ? [cause.message]
        : cause.kind === 'refused'
          ? cause.sentences
          : [],
    patterns: [],
  });
  if (job.refusals.length > 0)
    return ended({ kind: 'refused', sentences: job.refusals.map((refusal) => refusal.message) });
  // Whoever made the message should have refused it; a runner may sit on another machine and does not rely on that.
  const beyond = message.trust === 'untrusted' ? untrustedRefusals(job) : [];
  if (beyond.length > 0)
    return ended({ kind: 'refused', sentences: beyond.map((refusal) => refusal.message) });
  // Loaded only for such jobs, since with it come all parsers of reports.
  if (isGateJob(job)) return (await import('./gate/gate-job.ts')).performGateJob(options, message);
  const hold = environmentHold(message, options.clock.now());
  if (hold !== null)
    return { ...ended({ kind: 'surroundings', message: hold }), outcome: 'failed', tail: [hold] };
  let workspace: Workspace | null = null;
  try {
    const found = job.work === null ? null : await work.find(message);
    if (found?.kind === 'reused') return found.report;
    const toDo = found?.kind === 'to-do' ? found.work : null;
    const executor = await executorOf(options, message);
    const granted = await readSecrets(message, options.secrets);
    const secrets = secretsOfCalls(message, granted);
    const state = new JobState(message, secrets);
    const variables = jobVariables(state);
    workspace = await workspaces.open(
      message.runId,
      message.source,
      message.cell,
      message.attempt,
      message.resumed,
      restoringOf(options, message),
      // What is not declared is not there: a wrong declaration fails at once, and its result is never kept.
      toDo && options.work !== 'check' ? new Set(Object.keys(toDo.fingerprint.inputs)) : null,
    );
    state.directory = workspace.directory;
    state.warnings.push(...workspace.warnings);
    const { kind } = executor.isolation;
    const machine = machineEnvironment(allowed, kind, message.trust, workspace.temporary);
    const base = { ...machine, ...jobEnvironment(message, workspace) };
    const redaction = createRedaction(
      [...new Set([...Object.values(granted), ...Object.values(secrets)])].filter(Boolean),
    );
    if (job.workflow) {
      prepareWorkflowFiles(message, workspace.folder, base);
      if (message.resumed) recallNotes(workspace.folder, message, redaction, state);
    }
    const takeFiles = (folder: string): Promise<void> =>
      workspaces.copyInto(message.runId, message.source, folder);
    const setup = { workspace, redaction, base, variables, executor, startedMs, takeFiles };
    const confinement = confinementOf(kind, state, variables, workspace.folder, () => [
      ...workspaces.shared(message.runId),
      // Actions are performed by our own Node.
      ...(job.steps.some(({ uses }) => uses !== null) ? [process.execPath] : []),
    ]);
    const executorJob = await executor.openJob({
      jobKey: jobKey(message.runId, message.cell, message.attempt),
      ...(confinement ? { confinement } : {}),
    });
    state.container = executorJob.container ?? null;
    const differing = toDo && (await differingInput(toDo, message, workspace, workspaces));
    const steps = new Map<string, StepFinished>();
    const noted: Emit = (event) => {
      if (event.type === 'step.finished') steps.set(event.step, event);
      return emit(event);
    };
    const stepWork = work.looksAtSteps(message) ? new StepWork(options, work, state, setup) : null;
    const attempt = new Attempt(options, state, setup, executorJob, noted, beganMs, stepWork);
    const watched = toDo && options.work === 'check' ? watchFiles(workspace.directory) : null;
    let report: JobReport;
    try {
      report = await attempt.perform(control);
    } finally {
      state.isClosing = true;
      await executorJob.close();
      if (job.services.length > 0)
        await (await import('./services.ts')).stopServices({ options, state, setup });
    }
    const environment = attempt.failedEnvironment;
    if (environment)
      await options.onFailedPlace?.(message.cell, { directory: workspace.directory, environment });
    if (found?.kind === 'unknown') report = withWarning(report, found.sentence);
    if (toDo) {
      const { lastReceipt } = attempt;
      if (lastReceipt) steps.set(lastReceipt.step, lastReceipt);
      const doneAtMs = options.clock.now();
      const done = { message, report, steps: [...steps.values()], workspace, redaction, doneAtMs };
      if (options.work === 'check') {
        const undeclared = watched?.(toDo.fingerprint.inputs, [
          ...toDo.declared.outputs,
          ...reportedFiles(report),
        ]);
        report = withCheck(withWork(report, toDo.use, null), undeclared);
      } else if (differing === null) report = withWork(report, toDo.use, await keepWork(toDo, done));
      else report = withWork(report, toDo.use, `${differing} changed while the run was going on`);
      work.noteDone(toDo.run);
    }
    const isGood = report.outcome === 'succeeded' || report.outcome === 'warned';
    leave({
      runId: message.runId,
      job: executorJob,
      workspace,
      isKept: !isGood && options.keepWorkspaces === 'failed',
    });
    attempt.emitLastReceipt();
    return report;
  } catch (error) {
    if (error instanceof JobProblem || error instanceof UserError) {
      if (workspace) await workspaces.remove(workspace);
      return ended({ kind: 'invalid', message: sentenceOf(error) });
    }
    const problem = workspace === null ? machineProblem(error) : null;
    if (problem === null) throw error;
    return ended({ kind: 'internal', message: `the job could not be prepared: ${problem}` });
  }
}

/** What steps under an earlier owner told beside the journal. An untrusted job could have forged what they left. */
function recallNotes(folder: string, { trust }: JobMessage, redaction: Redaction, state: JobState): void {
  for (const [key, notes] of allNotes(folder)) {
    redaction.hide(notes.flatMap((note) => (note.kind === 'mask' ? [note.value] : [])));
    const left = notes.findLast((note) => note.kind === 'left');
    if (left?.kind === 'left' && trust === 'trusted') state.hidden.set(key, left.left);
  }
}

/** Whether the job has nothing to do but to judge what the jobs before it reported. */
function isGateJob({ gates, steps, cleanup }: PlanJob): boolean {
  return gates.length > 0 && steps.length === 0 && cleanup.length === 0;
}

function withWarning(report: JobReport, warning: string): JobReport {
  return { ...report, warnings: [...(report.warnings ?? []), warning] };
}

/** What a job reports is declared as that. */
function reportedFiles({ extras }: JobReport): readonly string[] {
  return extras?.reports?.map(({ file }) => file) ?? [];
}

/** Tells what a check of the declaration found. `undeclared` is not there where the file system does not tell what was read. */
function withCheck(report: JobReport, undeclared: WorkUse['undeclared']): JobReport {
  if (!undeclared)
    return withWarning(
      report,
      'the inputs cannot be checked: this file system does not keep when a file was read',
    );
  const { read, written } = undeclared;
  const work = { ...report.extras!.work!, undeclared };
  let told: JobReport = { ...report, extras: { ...report.extras, work } };
  if (read.length > 0) told = withWarning(told, `read without being declared: ${read.join(', ')}`);
  if (written.length > 0) told = withWarning(told, `written without being declared: ${written.join(', ')}`);
  return told;
}

/** Tells what became of work that was done. Of work that went well a person should know why it will be done again. */
function withWork(report: JobReport, use: WorkUse, unkept: string | null): JobReport {
  const told = { ...report, extras: { ...report.extras, work: use } };
  if (unkept === null || report.outcome !== 'succeeded') return told;
  return withWarning(told, `its result is not kept, so it will be done again: ${unkept}`);
}

function sentenceOf(error: JobProblem | UserError): string {
  if (error instanceof JobProblem) return error.message;
  return error.diagnostics
    .map(({ message, suggestion }) => (suggestion ? `${message}; ${suggestion}` : message))
    .join('; ');
}
