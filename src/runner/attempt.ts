import { existsSync, lstatSync, writeFileSync } from 'node:fs';
import { type ExecutorJob, StartError } from '../executor/contract.ts';
import type { Cause } from '../journal/run-event.ts';
import type { PlanStep } from '../pipeline/plan.ts';
import type { StepControl } from '../pipeline/plan-workflow.ts';
import type { UsesWork } from './action/perform-uses.ts';
import {
  keepPosts,
  keptPosts,
  postStepOf,
  preStepOf,
  type Registered,
  withRegistered,
} from './action/registered.ts';
import { reportAttempt } from './attempt-report.ts';
import { Background, cancellingStep, isAskedFor } from './background.ts';
import type { Emit, JobControl, JobReport, StepFinished } from './contract.ts';
import { isFailureAllowed } from './failure-allowed.ts';
import { jobKey } from './job-key.ts';
import type { JobState } from './job-state.ts';
import type { KeepPlace } from './keep-place.ts';
import type { RunnerOptions } from './options.ts';
import { JobProblem, KeepProblem } from './problem.ts';
import { outputPatterns, retryDelay } from './retry.ts';
import { WorkspaceKeeper } from './snapshot.ts';
import type { JobSetup } from './step-setup.ts';
import { reasonToSkip, unrunStep } from './step-skip.ts';
import { type Attach, performTry, type TryEnd, type TryPlace } from './step-try.ts';
import { type Phase, Stopping } from './stopping.ts';
import type { Supervised } from './supervised.ts';
import type { StepWork } from './work/step-work.ts';
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
  readonly #stepWork: StepWork | null;
  readonly #lastTry = new Map<
    string,
    { readonly sealed: StepFinished | null; readonly unsealedTry: number | null }
  >();
  /** The receipt of the last step; awaited before the next step, not before returning. */
  #receipt: Promise<void> | null = null;
  /** The very last step of the attempt, whose receipt goes out together with the report: one flush for both. */
  readonly #lastStep: PlanStep | undefined;
  #lastReceipt: StepFinished | null = null;
  /** What actions of its steps do when the steps are over, in the order in which they said so. */
  #posts: Registered = [];
  /** By the id under which it is shown: the step whose action does something before all steps. */
  readonly #pres = new Map<string, PlanStep>();
  readonly #background: Background;
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
    stepWork: StepWork | null = null,
  ) {
    this.#options = options;
    this.#stepWork = stepWork;
    this.#state = state;
    this.#setup = setup;
    this.#executorJob = job;
    this.#emit = emit;
    this.#startedMs = startedMs;
    this.#stopping = new Stopping(options.clock, state, options.killGraceMs ?? KILL_GRACE_MS);
    const { sealed, unsealed, resumed, job: definition } = state.message;
    this.#background = new Background(state);
    this.#workspaceKeeper = definition.snapshots ? new WorkspaceKeeper(options, state) : null;
    const hasActions = definition.steps.some(({ uses }) => uses !== null);
    if (hasActions && resumed) this.#posts = keptPosts(setup.workspace.folder);
    // Behind a step with an action its own end may follow.
    this.#lastStep = hasActions ? undefined : (definition.cleanup.at(-1) ?? definition.steps.at(-1));
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
      if (job.steps.some(({ uses }) => uses?.kind === 'repository')) await this.#performPres();
      await this.#performAll(job.steps, 'main');
      await this.#background.end();
      const keeps = job.artifacts.length + job.caches.length + job.reports.length + job.gates.length > 0;
      // What untrusted code still runs in the background could put links in the place of what is being read.
      const isKeptLast = this.#state.message.trust === 'untrusted';
      const keep = async (place: KeepPlace) => (await import('./keeping.ts')).keep(place);
      if (keeps && !isKeptLast) await this.#around('after', keep);
      this.#stopping.endMain();
      for (const { step, posts } of this.#posts.toReversed())
        if (posts.length > 0)
          await this.#performStep(postStepOf(job.steps.find(({ id }) => id === step)!), 'cleanup');
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

  /** What actions of others do before all steps. */
  async #performPres(): Promise<void> {
    if (this.#state.isStopped || this.#state.failure) return;
    const { partsWithPre } = await import('./action/pre.ts');
    const { steps } = this.#state.message.job;
    const place = { options: this.#options, setup: this.#setup, state: this.#state };
    for (const { id } of await partsWithPre(place, steps, {}, 0)) {
      const step = steps.find((one) => one.id === id)!;
      const pre = preStepOf(step);
      // A step that was over before this attempt needs nothing prepared.
      if (this.#lastTry.has(id) && !this.#lastTry.has(pre.id)) continue;
      this.#pres.set(pre.id, step);
      await this.#performStep(pre, 'main');
    }
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
      if (to === from + 1) await this.#performOne(steps[from]!, phase);
      else await Promise.all(steps.slice(from, to).map((step) => this.#performStep(step, phase)));
      from = to;
    }
  }

  async #performOne(step: PlanStep, phase: Phase): Promise<void> {
    const { workflow } = step;
    if (workflow?.control) await this.#control(step, workflow.control, phase);
    else if (workflow?.background) this.#background.begin(step.id, () => this.#performStep(step, phase));
    else await this.#performStep(step, phase);
  }

  async #performStep(step: PlanStep, phase: Phase): Promise<void> {
    const known = this.#lastTry.get(step.id);
    if (known?.unsealedTry == null) {
      if (known?.sealed && this.#retryAfterMs(step, known.sealed) === null) {
        this.#note(known.sealed, step);
        return;
      }
      const skip = this.#reasonToSkip(step, phase);
      if (skip) return this.#seal(skip, step);
    }
    const leavePlace = this.#isBeside(step) ? await this.#background.place() : null;
    try {
      const receipt = phase === 'main' ? await this.#stepWork?.find(step) : null;
      if (receipt) return await this.#takeOver(receipt, step);
      const hasWaited = leavePlace !== null || this.#stepWork !== null;
      const skip = hasWaited && this.#stopping.isStopped(step.id) ? this.#reasonToSkip(step, phase) : null;
      if (skip) return await this.#seal(skip, step);
      if (this.#state.isStopped) this.#stopping.startGrace();
      await this.#performTries(step, phase, known?.unsealedTry ?? null, (known?.sealed?.try ?? 0) + 1);
    } finally {
      leavePlace?.();
    }
  }

  /** Its work was done before. No `step.started` was told of it, so what follows has to be told by itself. */
  async #takeOver(receipt: StepFinished, step: PlanStep): Promise<void> {
    this.#isFirstIntent = false;
    await this.#seal(await this.#withSnapshot(receipt, step), step);
  }

  #reasonToSkip(step: PlanStep, phase: Phase): StepFinished | null {
    return reasonToSkip(step, phase, this.#state, this.#stopping, this.#setup.variables);
  }

  /** Whether it is one of the steps of a workflow that run at the same time. */
  #isBeside(step: PlanStep): boolean {
    const { job } = this.#state.message;
    return step.workflow?.background === true || (step.parallelGroup !== null && job.workflow !== null);
  }

  /** A step that runs nothing: it waits for steps in the background, or stops one. */
  async #control(step: PlanStep, control: StepControl, phase: Phase): Promise<void> {
    const known = this.#lastTry.get(step.id)?.sealed;
    if (!known && control.kind === 'cancel') {
      // Also when the job has failed: nobody else ends a service that it began.
      const { steps } = this.#state.message.job;
      const id = steps.find((one) => one.id.toLowerCase() === control.step.toLowerCase())?.id;
      const by = cancellingStep(step.id);
      if (id !== undefined)
        this.#stopping.stopStep(id, { kind: 'cancelled', by, reason: 'it is not needed any more' });
    } else if (!known) {
      const skip = this.#reasonToSkip(step, phase);
      if (skip) return this.#seal(skip, step);
    }
    const startedMs = this.#options.clock.monotonic();
    if (!known) await this.#intend(step, 1);
    const failed = await this.#background.waitFor(control);
    const isFailed = failed.length > 0 && control.kind !== 'cancel';
    if (!isFailed || !isFailureAllowed(step, this.#state.context(this.#setup.variables)))
      this.#background.count(control);
    if (known) return this.#state.noteStep(known);
    const durationMs = Math.round(this.#options.clock.monotonic() - startedMs);
    const cause: Cause | null = isFailed
      ? { kind: 'surroundings', message: `${failed.join(' and ')} failed in the background` }
      : null;
    const finished = {
      ...unrunStep(this.#state.message, step),
      outcome: isFailed ? 'failed' : 'succeeded',
      cause,
      durationMs,
    } as const;
    await this.#seal(finished, step);
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
      this.#register(step, end);
      const delayMs = this.#nextTryAfterMs(step, end);
      if (delayMs === null) {
        const finished = (await this.#stepWork?.keep(end.finished)) ?? end.finished;
        await this.#seal(await this.#withSnapshot(finished, step), step, end.environment);
      } else await this.#record(end.finished);
      if (end.isLostAfterRestart) await this.#sweep();
      if (delayMs === null) return;
      for (const pattern of end.finished.patterns) this.#state.patterns.add(pattern);
      if (delayMs > 0) await this.#stopping.pause(delayMs);
      if (this.#stopping.isStopped(step.id)) {
        this.#note(end.finished, step);
        return;
      }
    }
  }

  #register({ id }: PlanStep, { posts, prepared }: TryEnd): void {
    if (posts.length === 0 && Object.keys(prepared).length === 0) return;
    this.#posts = withRegistered(this.#posts, { step: this.#pres.get(id)?.id ?? id, posts, prepared });
    keepPosts(this.#setup.workspace.folder, this.#posts, this.#options.random);
  }

  #usesOf(step: PlanStep): UsesWork | null {
    if (step.uses === null) return null;
    const registered = this.#posts.find((one) => `${one.step}.post` === step.id);
    if (registered) return { kind: 'post', posts: registered.posts };
    const owner = this.#pres.get(step.id) ?? step;
    const prepared = this.#posts.find((one) => one.step === owner.id)?.prepared ?? {};
    // By its own id, under which its main part finds what was prepared.
    const own = { ...step, id: owner.id, uses: step.uses };
    return { kind: owner === step ? 'main' : 'pre', step: own, prepared };
  }

  /** A step of an earlier owner that would not begin now, because the job was told to stop before this one came to it. */
  #stopWhatRan(step: PlanStep, phase: Phase, supervised: Supervised): void {
    const { stopCause } = this.#state;
    if (stopCause === null) return;
    const skip = this.#reasonToSkip(step, phase);
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
      uses: this.#usesOf(step),
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
    const failed = isAllowable(finished, this.#state.message.job.workflow !== null);
    const allowed =
      failed && !this.#state.isStopped && isFailureAllowed(step, this.#state.context(this.#setup.variables));
    const sealed: StepFinished = allowed ? { ...finished, outcome: 'warned' } : finished;
    const isFirstFailure = this.#state.failure === null;
    this.#note(sealed, step);
    if (isFirstFailure && this.#state.failure !== null) this.failedEnvironment = environment;
    if (step === this.#lastStep && !this.#stopping.isAnyRunning) {
      this.#lastReceipt = sealed;
      if (this.#receipt) await this.#receipt;
    } else await this.#record(sealed);
  }

  /** Of a step in the background the job learns when it waits for it. */
  #note(finished: StepFinished, step: PlanStep): void {
    if (step.workflow?.background) this.#background.note(finished);
    else this.#state.noteStep(finished);
  }

  async #record(finished: StepFinished): Promise<void> {
    const before = this.#receipt;
    this.#receipt = this.#emit(finished);
    // The caller of `emit` sees a failure as well; here it must not count as unhandled while nobody waits.
    this.#receipt.catch(() => {});
    if (before) await before;
  }
}

/** Whether the step failed in a way that may be allowed. In a workflow that is each way. */
function isAllowable(finished: StepFinished, isWorkflow: boolean): boolean {
  const { outcome } = finished;
  if (outcome === 'errored') return isWorkflow;
  return outcome === 'failed' || (outcome === 'cancelled' && !isAskedFor(finished));
}

/** A job may do with its workspace what it likes, but not have Sluice read through a link in its place. */
function requireOwnFolder(directory: string): void {
  if (lstatSync(directory, { throwIfNoEntry: false })?.isDirectory()) return;
  throw new KeepProblem('the job removed its workspace, or put something else in its place');
}
