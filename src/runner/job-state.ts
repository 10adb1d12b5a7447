import type { JsonObject } from '../base/json.ts';
import type { Cause, StepOutcome } from '../journal/run-event.ts';
import { type ConditionCauses, evaluateTemplate } from '../pipeline/expression.ts';
import type { ExpressionContext, JobResult } from '../pipeline/expression-context.ts';
import { runnerContext } from '../pipeline/github/environment.ts';
import type { DirectoryCache } from '../pipeline/plan-cache.ts';
import type { HiddenLeft } from './command/notes.ts';
import type { JobMessage, StepFinished } from './contract.ts';
import { EmptyFiles } from './empty-files.ts';
import type { Environment } from './environment.ts';
import { Extras } from './extras.ts';
import { hashFiles } from './hash-files.ts';
import { stepKey } from './log/paths.ts';
import { JobProblem, KeepProblem } from './problem.ts';
import { decidingCause } from './stop.ts';

/** Who decided the outcome of the attempt, and how. */
export interface Failure {
  readonly step: string | null;
  /** Which try of the step decided. */
  readonly try: number;
  readonly outcome: 'failed' | 'cancelled' | 'errored';
  readonly cause: Cause;
}

/** What is known of an attempt while it runs: what its steps left, and what went wrong. */
export class JobState {
  readonly message: JobMessage;
  /** Values by secret name. */
  readonly secrets: Readonly<Record<string, string>>;
  readonly warnings: string[] = [];
  readonly extras = new Extras();
  readonly emptyFiles = new EmptyFiles();
  /** Why gates stop the change. */
  readonly gateLines: string[] = [];
  /** Where the files of the job are; null before they are there. */
  directory: string | null = null;
  /** By service: id and ports, for expressions. */
  services: JsonObject = {};
  /** The container of the job and its network, for expressions; null: none. */
  container: JsonObject | null = null;
  /** The job's processes are being ended. */
  isClosing = false;
  /** The keys of the caches that were looked for, and whether an entry under exactly that key was restored. */
  readonly caches = new Map<DirectoryCache, { readonly key: string; readonly isExact: boolean }>();
  readonly patterns = new Set<string>();
  /** Left by steps for later ones. */
  readonly variables: Environment = {};
  /** Names of variables that the file and its steps have set, beside those of the machine. */
  readonly declared: Set<string>;
  readonly path: string[] = [];
  /** The first step that failed. */
  failure: Failure | null = null;
  /** The first step that failed and was allowed to. */
  warned: { readonly step: string | null; readonly cause: Cause | null } | null = null;
  /** By the key of a try: what it left that the journal must not hold. */
  readonly hidden = new Map<string, HiddenLeft>();
  readonly #steps: Record<string, JsonObject> = {};
  readonly #stops: Cause[] = [];

  constructor(message: JobMessage, secrets: Readonly<Record<string, string>>) {
    this.message = message;
    this.secrets = secrets;
    this.declared = new Set(Object.keys(message.job.variables));
  }

  get isStopped(): boolean {
    return this.#stops.length > 0;
  }

  /** Why the whole job was told to stop. */
  get stopCause(): Cause | null {
    return decidingCause(this.#stops);
  }

  noteStop(cause: Cause): void {
    this.#stops.push(cause);
  }

  /** The job itself went wrong, before or after its steps. What was wrong first decides. */
  noteProblem(problem: JobProblem | KeepProblem): void {
    const { message } = problem;
    this.failure ??=
      problem instanceof KeepProblem
        ? { step: null, try: 1, outcome: 'failed', cause: { kind: 'surroundings', message } }
        : { step: null, try: 1, outcome: 'errored', cause: { kind: 'invalid', message } };
  }

  /** The gates of the job say no. `lines`: what a person needs first. */
  noteGates(message: string, lines: readonly string[]): void {
    this.failure ??= { step: null, try: 1, outcome: 'failed', cause: { kind: 'gate', message } };
    this.gateLines.push(...lines);
  }

  /** The gates of the job warn, and let it pass. */
  noteGateWarning(message: string): void {
    this.warned ??= { step: null, cause: { kind: 'gate', message } };
  }

  /** Takes in what a step ended with, live or from the journal. */
  noteStep(finished: StepFinished): void {
    this.noteLeft(finished);
    this.noteOutcome(finished);
  }

  /** Of a step, what the steps behind it see. */
  noteLeft(finished: StepFinished): void {
    const outcome = resultOf(finished.outcome);
    const conclusion = finished.outcome === 'warned' ? 'success' : outcome;
    const hidden = this.hidden.get(stepKey(finished.step, finished.try));
    const outputs = hidden ? { ...finished.outputs, ...hidden.outputs } : finished.outputs;
    // What an action does before all steps, or at the end, is no step of its own to expressions; no id of a workflow has a dot.
    const isOwn = this.message.job.workflow === null || !finished.step.includes('.');
    if (isOwn) this.#steps[finished.step] = { outcome, conclusion, outputs };
    Object.assign(this.variables, finished.exported.variables, hidden?.variables);
    for (const name in this.variables) this.declared.add(name);
    this.path.unshift(...finished.exported.path);
    for (const pattern of finished.patterns) this.patterns.add(pattern);
  }

  /** Of a step, what it says of the job. */
  noteOutcome(finished: StepFinished): void {
    if (finished.outcome === 'warned') this.warned ??= { step: finished.step, cause: finished.cause };
    if (finished.outcome === 'failed' || finished.outcome === 'errored' || finished.outcome === 'cancelled') {
      const cause = finished.cause ?? { kind: 'internal', message: 'a step failed without a cause' };
      this.failure ??= { step: finished.step, try: finished.try, outcome: finished.outcome, cause };
    }
  }

  /** `environment` becomes the context `env`. */
  context(environment: Environment, withSecrets = true): ExpressionContext {
    const { contexts, matrix, needs, job } = this.message;
    const { directory } = this;
    const cause = this.stopCause;
    const failed = this.failure !== null || (cause !== null && cause.kind !== 'cancelled');
    const cancelled = cause?.kind === 'cancelled';
    return {
      ...contexts,
      env: environment,
      ...(job.workflow ? { envNames: this.declared } : {}),
      matrix: matrix ?? {},
      needs: needs as JsonObject,
      steps: this.#steps,
      job: {
        status: cancelled ? 'cancelled' : failed ? 'failure' : 'success',
        services: this.services,
        ...(this.container ? { container: this.container } : {}),
      },
      ...(job.workflow ? { runner: runnerContext(environment), strategy: this.message.strategy ?? {} } : {}),
      ...(withSecrets ? { secrets: this.secrets } : {}),
      ...(directory === null ? {} : { hashFiles: (globs: readonly string[]) => hashFiles(directory, globs) }),
      status: { failed, cancelled, skippedNeed: false },
    };
  }

  /** For the sentences of skipped steps. */
  get causes(): ConditionCauses {
    const stop = this.stopCause;
    const failed = this.failure
      ? this.failure.step === null
        ? 'what comes before the steps failed'
        : `step ${this.failure.step} ${this.failure.outcome}`
      : stop
        ? `the job ran into its ${stop.kind}`
        : null;
    return {
      failedBecause: failed,
      cancelledBecause: stop?.kind === 'cancelled' ? `the job was cancelled by ${stop.by}` : null,
      skippedBecause: null,
    };
  }
}

/** Evaluates a template for `subject`. Text without `${{` comes back untouched. Throws a `JobProblem`. */
export function fill(text: string, subject: string, context: () => ExpressionContext): string {
  if (!text.includes('${{')) return text;
  const result = evaluateTemplate(text, context());
  if (!result.ok) throw new JobProblem(`${subject}: ${result.message}`);
  return result.value;
}

function resultOf(outcome: StepOutcome): JobResult {
  if (outcome === 'succeeded') return 'success';
  if (outcome === 'cancelled' || outcome === 'skipped') return outcome;
  return 'failure';
}
