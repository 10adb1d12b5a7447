import { existsSync, lstatSync, writeFileSync } from 'node:fs';
import { type ExecutorJob, StartError } from '../executor/contract.ts';
import type { PlanStep } from '../pipeline/plan.ts';
import { reportAttempt } from './attempt-report.ts';
import type { Emit, JobControl, JobReport, StepFinished } from './contract.ts';
import { jobKey } from './job-key.ts';
import type { JobState } from './job-state.ts';
import type { KeepPlace } from './keep-place.ts';
import type { RunnerOptions } from './options.ts';
import { JobProblem, KeepProblem } from './problem.ts';
import { outputPatterns, retryDelay } from './retry.ts';
import { WorkspaceKeeper } from './snapshot.ts';
import type { JobSetup } from './step-setup.ts';
import { reasonToSkip } from './step-skip.ts';
import { type Attach, performTry, type TryEnd, type TryPlace } from './step-try.ts';
import { type Phase, Stopping } from './stopping.ts';
import type { Supervised } from './supervised.ts';
import { BROUGHT } from './workspace/workspace.ts';

const KILL_GRACE_MS = 10_000;

/** The steps of one attempt, one after the other: what runs, what is tried again, what is recorded. */
export class Attempt {
  readonly #options: RunnerOptions;
  readonly #state: JobState;
  readonly #setup: JobSetup;
  readonly #executorJob: ExecutorJob;
  readonly #emit: Emit;
  readonly #startedMs: number;
  readonly #stopping: Stopping;
  readonly #workspaceKeeper: WorkspaceKeeper | null;
  readonly #lastTry = new Map<
    string,
    { readonly sealed: StepFinished | null; readonly unsealedTry: number | null }
  >();
  /** The receipt of the last step; awaited before the next step, not before returning. */
  #receipt: Promise<void> | null = null;
  /** The very last step of the attempt, whose receipt goes out together with the report: one flush for both. */
  readonly #lastStep: PlanStep | undefined;
  #lastReceipt: StepFinished | null = null;
  #isFirstIntent: boolean;
  /** A resumed attempt of which the journal knows no step: its first one may have been started all the same. */
  #isPerhapsStarted: boolean;
  /** For whoever wants to look at the place of the failure. */
  failedEnvironment: Readonly<Record<string, string>> | null = null;

  constructor(
    options: RunnerOptions,
    state: JobState,
    setup: JobSetup,
    job: ExecutorJob,
    emit: Emit,
    startedMs: number,
  ) {
    this.#options = options;
    this.#state = state;
    this.#setup = setup;
    this.#executorJob = job;
    this.#emit = emit;
    this.#startedMs = startedMs;
    this.#stopping = new Stopping(options.clock, state, options.killGraceMs ?? KILL_GRACE_MS);
    const { sealed, unsealed, resumed, job: definition } = state.message;
    this.#workspaceKeeper = definition.snapshots ? new WorkspaceKeeper(options, state) : null;
    this.#lastStep = definition.cleanup.at(-1) ?? definition.steps.at(-1);
    this.#isFirstIntent = !resumed && sealed.length === 0 && unsealed.length === 0;
    const isUntold = sealed.every((finished) => finished.outcome === 'skipped') && unsealed.length === 0;
    this.#isPerhapsStarted = resumed && isUntold;
    for (const finished of sealed) this.#lastTry.set(finished.step, { sealed: finished, unsealedTry: null });
    for (const open of unsealed) {
      this.#lastTry.set(open.step, {
        sealed: this.#lastTry.get(open.step)?.sealed ?? null,
        unsealedTry: open.try,
      });
    }
  }

  /** Runs everything. Rejects only when an event could not be recorded or the executor broke its promise. */
  async perform(control: JobControl): Promise<JobReport> {
    const { job } = this.#state.message;
    this.#stopping.open(control);
    try {
      if (job.downloads.length + job.caches.length + job.reports.length > 0)
        await this.#around('before', async (place) => (await import('./keeping.ts')).bringIn(place));
      if (job.services.length > 0)
        await this.#around('services', async (place) =>
          (await import('./services.ts')).startServices(place, this.#executorJob),
        );
      await this.#performAll(job.steps, 'main');
      const keeps = job.artifacts.length + job.caches.length + job.reports.length + job.gates.length > 0;
      // What untrusted code still runs in the background could put links in the place of what is being read.
      const isKeptLast = this.#state.message.trust === 'untrusted';
      const keep = async (place: KeepPlace) => (await import('./keeping.ts')).keep(place);
      if (keeps && !isKeptLast) await this.#around('after', keep);
      this.#stopping.endMain();
      if (job.cleanup.length > 0) await this.#performAll(job.cleanup, 'cleanup');
      if (keeps && isKeptLast) {
        await this.#executorJob.close();
        await this.#around('after', keep);
      }
    } finally {
      this.#stopping.close();
    }
    const durationMs = this.#options.clock.monotonic() - this.#startedMs;
    return reportAttempt(this.#state, this.#setup, this.#options.directory, durationMs);
  }

  /** What the job brings along and keeps: loaded only for jobs that do, since with it come all parsers. Some workspaces hold what is brought already. */
  async #around(
    when: 'before' | 'services' | 'after',
    work: (place: KeepPlace) => Promise<void>,
  ): Promise<void> {
    const marker = `${this.#setup.workspace.folder}/${BROUGHT}`;
    if (when === 'before' && existsSync(marker)) return;
    if (when !== 'after' && (this.#state.isStopped || this.#state.failure)) return;
    try {
      if (when === 'after') requireOwnFolder(this.#setup.workspace.directory);
      await work({ options: this.#options, state: this.#state, setup: this.#setup });
      if (when === 'before') writeFileSync(marker, '');
    } catch (error) {
      if (error instanceof StartError) this.#state.noteProblem(new KeepProblem(error.message));
      else if (error instanceof KeepProblem || error instanceof JobProblem) this.#state.noteProblem(error);
      else throw error;
    }
  }

  /** The receipt that is held back. */
  get lastReceipt(): StepFinished | null {
    return this.#lastReceipt;
  }

  /**
   * Emits the receipt that was held back. To be called right before the report is handed on: until then the executor keeps
   * how the step ended.
   */
  emitLastReceipt(): void {
    if (this.#lastReceipt) this.#emit(this.#lastReceipt).catch(() => {}); // The caller of `emit` sees a failure as well.
    this.#lastReceipt = null;
  }

  async #performAll(steps: readonly PlanStep[], phase: Phase): Promise<void> {
    for (let from = 0; from < steps.length; ) {
      const group = steps[from]!.parallelGroup;
      let to = from + 1;
      if (group !== null) while (to < steps.length && steps[to]!.parallelGroup === group) to++;
      if (to === from + 1) await this.#performStep(steps[from]!, phase);
      else await Promise.all(steps.slice(from, to).map((step) => this.#performStep(step, phase)));
      from = to;
    }
  }

  async #performStep(step: PlanStep, phase: Phase): Promise<void> {
    const known = this.#lastTry.get(step.id);
    if (known?.unsealedTry == null) {
      if (known?.sealed && this.#retryAfterMs(step, known.sealed) === null) {
        this.#state.noteStep(known.sealed);
        return;
      }
      const skip = reasonToSkip(step, phase, this.#state, this.#stopping, this.#setup.variables);
      if (skip) return this.#seal(skip, step);
    }
    if (this.#state.isStopped) this.#stopping.startGrace();
    await this.#performTries(step, phase, known?.unsealedTry ?? null, (known?.sealed?.try ?? 0) + 1);
  }

  async #performTries(
    step: PlanStep,
    phase: Phase,
    unsealedTry: number | null,
    nextTry: number,
  ): Promise<void> {
    let attach: Attach = unsealedTry !== null ? 'yes' : this.#isPerhapsStarted ? 'perhaps' : 'no';
    this.#isPerhapsStarted = false;
    for (let tryNumber = unsealedTry ?? nextTry; ; tryNumber++) {
      const supervised = this.#stopping.enter(step.id, phase);
      if (attach === 'yes') this.#stopWhatRan(step, phase, supervised);
      let end: TryEnd;
      try {
        end = await performTry(this.#tryPlace(step), step, tryNumber, attach, supervised, () =>
          this.#intend(step, tryNumber),
        );
      } finally {
        this.#stopping.leave(step.id);
      }
      attach = 'no';
      const delayMs = this.#nextTryAfterMs(step, end);
      if (delayMs === null)
        await this.#seal(await this.#withSnapshot(end.finished, step), step, end.environment);
      else await this.#record(end.finished);
      if (end.isLostAfterRestart) await this.#sweep();
      if (delayMs === null) return;
      for (const pattern of end.finished.patterns) this.#state.patterns.add(pattern);
      if (delayMs > 0) await this.#stopping.pause(delayMs);
      if (this.#stopping.isStopped(step.id)) {
        this.#state.noteStep(end.finished);
        return;
      }
    }
  }

  /** A step of an earlier owner that would not begin now, because the job was told to stop before this one came to it. */
  #stopWhatRan(step: PlanStep, phase: Phase, supervised: Supervised): void {
    const { stopCause } = this.#state;
    if (stopCause === null) return;
    const skip = reasonToSkip(step, phase, this.#state, this.#stopping, this.#setup.variables);
    if (skip) supervised.stop(stopCause);
  }

  /**
   * Nothing of a lost try may be left beside what follows it. What is known of the try goes too, so its receipt has to be
   * durable by then: a later owner would take it for one that never began.
   */
  async #sweep(): Promise<void> {
    if (this.#stopping.isAnyRunning || this.#lastReceipt) return;
    await this.#receipt;
    const { runId, cell, attempt } = this.#state.message;
    await this.#setup.executor.sweep(jobKey(runId, cell, attempt));
  }

  #tryPlace(step: PlanStep): TryPlace {
    return {
      options: this.#options,
      setup: this.#setup,
      state: this.#state,
      job: this.#executorJob,
      patterns: outputPatterns([step.retry, this.#state.message.job.retry]),
      onActivity: this.#stopping.noteActivity,
    };
  }

  /** The intent of the very first step is covered by `cell.started`, so nothing waits for it. */
  #intend(step: PlanStep, tryNumber: number): Promise<void> | null {
    const { cell, attempt } = this.#state.message;
    const { kind, rung } = this.#setup.executor.isolation;
    const intent = this.#emit({
      type: 'step.started',
      cell,
      attempt,
      step: step.id,
      try: tryNumber,
      isolation: `${kind} (${rung})`,
    });
    if (!this.#isFirstIntent)
      return this.#receipt ? Promise.all([this.#receipt, intent]).then(() => {}) : intent;
    this.#isFirstIntent = false;
    intent.catch(() => {}); // Whoever waits for it next sees the failure.
    this.#receipt = intent;
    return null;
  }

  #nextTryAfterMs(step: PlanStep, end: TryEnd): number | null {
    if (this.#stopping.isStopped(step.id)) return null;
    if (end.isLostAfterRestart && (step.repeatable || this.#state.message.job.repeatable)) return 0;
    return this.#retryAfterMs(step, end.finished);
  }

  #retryAfterMs(step: PlanStep, finished: StepFinished): number | null {
    if (finished.outcome !== 'failed' || finished.cause === null) return null;
    return retryDelay(step.retry, finished.try, finished.cause, finished.patterns);
  }

  /** Of steps that ran at the same time the last one keeps the workspace; clean-up is no place to begin at. */
  async #withSnapshot(finished: StepFinished, step: PlanStep): Promise<StepFinished> {
    const keeper = this.#workspaceKeeper;
    const { steps } = this.#state.message.job;
    if (!keeper || this.#stopping.isAnyRunning || this.#state.isStopped || !steps.includes(step))
      return finished;
    const snapshot = await keeper.take(step);
    return snapshot === null ? finished : { ...finished, snapshot };
  }

  /** The step is over for good. */
  async #seal(
    finished: StepFinished,
    step: PlanStep,
    environment: Readonly<Record<string, string>> | null = null,
  ): Promise<void> {
    const failed = finished.outcome === 'failed' || finished.outcome === 'cancelled';
    const allowed = failed && step.allowFailure && !this.#state.isStopped;
    const sealed: StepFinished = allowed ? { ...finished, outcome: 'warned' } : finished;
    const isFirstFailure = this.#state.failure === null;
    this.#state.noteStep(sealed);
    if (isFirstFailure && this.#state.failure !== null) this.failedEnvironment = environment;
    if (step === this.#lastStep && !this.#stopping.isAnyRunning) {
      this.#lastReceipt = sealed;
      if (this.#receipt) await this.#receipt;
    } else await this.#record(sealed);
  }

  async #record(finished: StepFinished): Promise<void> {
    const before = this.#receipt;
    this.#receipt = this.#emit(finished);
    // The caller of `emit` sees a failure as well; here it must not count as unhandled while nobody waits.
    this.#receipt.catch(() => {});
    if (before) await before;
  }
}

/** A job may do with its workspace what it likes, but not have Sluice read through a link in its place. */
function requireOwnFolder(directory: string): void {
  if (lstatSync(directory, { throwIfNoEntry: false })?.isDirectory()) return;
  throw new KeepProblem('the job removed its workspace, or put something else in its place');
}
