import type { JsonObject } from '../base/json.ts';
import type { ExecutorJob } from '../executor/contract.ts';
import type { Cause, Reason } from '../journal/run-event.ts';
import { decisionSentence, evaluateCondition } from '../pipeline/expression.ts';
import type { PlanStep } from '../pipeline/plan.ts';
import type { Emit, JobControl, JobReport, StepFinished } from './contract.ts';
import { jobKey } from './job-key.ts';
import { type Failure, fill, type JobState } from './job-state.ts';
import { logFile, stepKey } from './log/paths.ts';
import { readLogTail } from './log/tail.ts';
import type { RunnerOptions } from './options.ts';
import { JobProblem } from './problem.ts';
import { outputPatterns, retryDelay } from './retry.ts';
import type { JobSetup } from './step-setup.ts';
import { type Attach, performTry, type TryEnd, type TryPlace } from './step-try.ts';
import { Supervised } from './supervised.ts';

const KILL_GRACE_MS = 10_000;
const TAIL_LINES = 20;
const STATUS_FUNCTION = /\b(success|failure|cancelled|always)\s*\(/i;

type Phase = 'main' | 'cleanup';

/** The steps of one attempt, one after the other: what runs, what is skipped, what stops what. */
export class Attempt {
  readonly #options: RunnerOptions;
  readonly #state: JobState;
  readonly #setup: JobSetup;
  readonly #executorJob: ExecutorJob;
  readonly #emit: Emit;
  readonly #startedMs: number;
  readonly #running = new Map<string, { readonly supervised: Supervised; readonly phase: Phase }>();
  readonly #stepStops = new Map<string, Cause>();
  readonly #lastTry = new Map<
    string,
    { readonly sealed: StepFinished | null; readonly unsealedTry: number | null }
  >();
  /** Calls that end a waiting time early. */
  readonly #wakers = new Set<() => void>();
  #activityMs = 0;
  /** The receipt of the last step; awaited before the next step, not before returning. */
  #receipt: Promise<void> | null = null;
  /** The very last step of the attempt, whose receipt goes out together with the report: one flush for both. */
  readonly #lastStep: PlanStep | undefined;
  #lastReceipt: StepFinished | null = null;
  #isFirstIntent: boolean;
  /** A resumed attempt of which the journal knows no step: its first one may have been started all the same. */
  #isPerhapsStarted: boolean;
  /** Clean-up after a stop has only so long. null: not stopped yet. */
  #graceIsOver: boolean | null = null;
  #cancelGraceTimer: (() => void) | null = null;
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
    const { sealed, unsealed, resumed, job: definition } = state.message;
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
    control.onCancel((cause) => this.#stop(cause));
    control.onCancelStep((step, cause) => this.#stopStep(step, cause));
    const { clock } = this.#options;
    const cancelTimeout = clock.after(job.timeoutMs, () => {
      this.#stop({ kind: 'timeout', scope: 'job', limitMs: job.timeoutMs });
    });
    const cancelSilence = job.silenceTimeoutMs === null ? null : this.#watchSilence(job.silenceTimeoutMs);
    try {
      await this.#performAll(job.steps, 'main');
      cancelTimeout();
      if (job.cleanup.length > 0) await this.#performAll(job.cleanup, 'cleanup');
    } finally {
      cancelTimeout();
      cancelSilence?.();
      this.#cancelGraceTimer?.();
    }
    return this.#report();
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
      const skip = this.#reasonToSkip(step, phase);
      if (skip) return this.#seal(skip, step);
    }
    if (this.#state.isStopped) this.#startGrace();
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
      const supervised = new Supervised(this.#options.clock, this.#options.killGraceMs ?? KILL_GRACE_MS);
      this.#running.set(step.id, { supervised, phase });
      const asked = this.#stepStops.get(step.id);
      if (asked) supervised.stop(asked);
      this.#noteActivity();
      let end: TryEnd;
      try {
        end = await performTry(this.#tryPlace(step), step, tryNumber, attach, supervised, () =>
          this.#intend(step, tryNumber),
        );
      } finally {
        this.#running.delete(step.id);
      }
      attach = 'no';
      // Nothing of the lost try may be left beside the next one.
      if (end.isLostAfterRestart && this.#running.size === 0)
        await this.#options.executor.sweep(this.#jobKey());
      const delayMs = this.#nextTryAfterMs(step, end);
      if (delayMs === null) return this.#seal(end.finished, step, end.environment);
      await this.#record(end.finished);
      for (const pattern of end.finished.patterns) this.#state.patterns.add(pattern);
      if (delayMs > 0) await this.#pause(delayMs);
      if (this.#state.isStopped || this.#stepStops.has(step.id)) {
        this.#state.noteStep(end.finished);
        return;
      }
    }
  }

  #jobKey(): string {
    const { runId, cell, attempt } = this.#state.message;
    return jobKey(runId, cell, attempt);
  }

  #tryPlace(step: PlanStep): TryPlace {
    return {
      options: this.#options,
      setup: this.#setup,
      state: this.#state,
      job: this.#executorJob,
      patterns: outputPatterns([step.retry, this.#state.message.job.retry]),
      onActivity: this.#noteActivity,
    };
  }

  /** The intent of the very first step is covered by `cell.started`, so nothing waits for it. */
  #intend(step: PlanStep, tryNumber: number): Promise<void> | null {
    const { cell, attempt } = this.#state.message;
    const { kind, rung } = this.#options.executor.isolation;
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
    if (this.#state.isStopped || this.#stepStops.has(step.id)) return null;
    if (end.isLostAfterRestart && (step.repeatable || this.#state.message.job.repeatable)) return 0;
    return this.#retryAfterMs(step, end.finished);
  }

  #retryAfterMs(step: PlanStep, finished: StepFinished): number | null {
    if (finished.outcome !== 'failed' || finished.cause === null) return null;
    return retryDelay(step.retry, finished.try, finished.cause, finished.patterns);
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
    if (step === this.#lastStep && this.#running.size === 0) {
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

  #reasonToSkip(step: PlanStep, phase: Phase): StepFinished | null {
    const { message } = this.#state;
    const skipped = (
      outcome: 'skipped' | 'cancelled' | 'errored',
      cause: Cause | null,
      reason: Reason | null,
    ): StepFinished => ({
      type: 'step.finished',
      cell: message.cell,
      attempt: message.attempt,
      step: step.id,
      try: 1,
      outcome,
      cause,
      durationMs: 0,
      outputs: {},
      exported: { variables: {}, path: [] },
      log: { bytes: 0, lines: 0 },
      usage: null,
      reason,
      patterns: [],
    });
    const asked = this.#stepStops.get(step.id);
    if (asked) return skipped('cancelled', asked, { sentence: 'cancelled before it started' });
    if (this.#graceIsOver) {
      return skipped('skipped', null, {
        sentence: `the ${message.job.cleanupGraceMs} ms for clean-up were over`,
      });
    }
    if (phase === 'cleanup' && step.when === 'on-failure' && !this.#hasFailed()) {
      return skipped('skipped', null, { sentence: 'it runs only on failure, and nothing failed' });
    }
    if (step.if === null && (phase === 'cleanup' || !this.#hasFailed())) return null;
    const context = this.#state.context(this.#setup.variables);
    const blind = phase === 'cleanup' && !STATUS_FUNCTION.test(step.if?.source ?? '');
    const status = blind ? { failed: false, cancelled: false, skippedNeed: false } : context.status;
    const result = evaluateCondition(step.if, { ...context, status }, this.#state.causes);
    if (!result.ok) {
      const sentence = `the condition of step ${step.id}: ${result.message}`;
      return skipped('errored', { kind: 'invalid', message: sentence }, { sentence });
    }
    if (result.condition.met) return null;
    const { decision } = result.condition;
    return skipped('skipped', null, {
      sentence: `skipped: ${decisionSentence(decision)}`,
      decision: decision as unknown as JsonObject,
    });
  }

  #hasFailed(): boolean {
    return this.#state.failure !== null || this.#state.isStopped;
  }

  #stop(cause: Cause): void {
    const isFirst = !this.#state.isStopped;
    this.#state.noteStop(cause);
    for (const { supervised, phase } of this.#running.values()) {
      if (phase === 'main') supervised.stop(cause);
      else if (isFirst) this.#startGrace();
    }
    for (const wake of this.#wakers) wake();
  }

  #stopStep(step: string, cause: Cause): void {
    if (this.#stepStops.has(step)) return;
    this.#stepStops.set(step, cause);
    this.#running.get(step)?.supervised.stop(cause);
    for (const wake of this.#wakers) wake();
  }

  /** From the first step that runs after a stop on, what is left has `cleanupGraceMs` in all. */
  #startGrace(): void {
    if (this.#graceIsOver !== null) return;
    this.#graceIsOver = false;
    const limitMs = this.#state.message.job.cleanupGraceMs;
    this.#cancelGraceTimer = this.#options.clock.after(limitMs, () => {
      this.#graceIsOver = true;
      for (const { supervised } of this.#running.values())
        supervised.kill({ kind: 'timeout', scope: 'step', limitMs });
    });
  }

  readonly #noteActivity = (): void => {
    this.#activityMs = this.#options.clock.monotonic();
  };

  /** One timer that looks again when the silence could be over the limit, instead of one armed anew at each output. */
  #watchSilence(limitMs: number): () => void {
    const { clock } = this.#options;
    let cancel = () => {};
    const look = (): void => {
      const isWaiting = ![...this.#running.values()].some(({ phase }) => phase === 'main');
      if (isWaiting) this.#noteActivity();
      const leftMs = this.#activityMs + limitMs - clock.monotonic();
      if (leftMs <= 0) this.#stop({ kind: 'silence', limitMs });
      else cancel = clock.after(leftMs, look);
    };
    cancel = clock.after(limitMs, look);
    return () => cancel();
  }

  #pause(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        cancel();
        this.#wakers.delete(done);
        resolve();
      };
      const cancel = this.#options.clock.after(delayMs, done);
      this.#wakers.add(done);
    });
  }

  #report(): JobReport {
    const state = this.#state;
    const stop = state.stopCause;
    let { failure } = state;
    if (stop) {
      const outcome = stop.kind === 'cancelled' ? 'cancelled' : 'failed';
      failure = { step: failure?.step ?? null, try: failure?.try ?? 1, outcome, cause: stop };
    }
    let outputs: Record<string, string> = {};
    try {
      outputs = this.#outputs();
    } catch (error) {
      if (!(error instanceof JobProblem)) throw error;
      failure ??= {
        step: null,
        try: 1,
        outcome: 'errored',
        cause: { kind: 'invalid', message: error.message },
      };
    }
    const wanted = outputPatterns([state.message.job.retry]);
    return {
      outcome: failure?.outcome ?? (state.warned ? 'warned' : 'succeeded'),
      cause: failure?.cause ?? state.warned?.cause ?? null,
      step: failure?.step ?? state.warned?.step ?? null,
      durationMs: Math.round(this.#options.clock.monotonic() - this.#startedMs),
      outputs,
      tail: failure ? this.#tail(failure) : [],
      patterns: wanted.length === 0 ? [] : wanted.filter((pattern) => state.patterns.has(pattern)),
      ...(state.warnings.length > 0 ? { warnings: state.warnings } : {}),
    };
  }

  #outputs(): Record<string, string> {
    const outputs: Record<string, string> = {};
    const { message, warnings } = this.#state;
    for (const [name, template] of Object.entries(message.job.outputs)) {
      const value = fill(template, `output ${name}`, () => this.#state.context(this.#setup.variables, false));
      if (this.#setup.redaction.reveals(value))
        warnings.push(`output ${name} holds a secret and was dropped`);
      else outputs[name] = value;
    }
    return outputs;
  }

  #tail(failure: Failure): string[] {
    const { runId, cell, attempt } = this.#state.message;
    const { step, cause } = failure;
    if (cause.kind === 'invalid' || cause.kind === 'internal') return [cause.message];
    if (cause.kind === 'could-not-start') return [cause.reason];
    if (step === null) return [];
    return readLogTail(
      logFile(this.#options.directory, runId, cell, attempt, stepKey(step, failure.try)),
      TAIL_LINES,
    );
  }
}
