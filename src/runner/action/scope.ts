import type { JsonObject } from '../../base/json.ts';
import type { ExpressionContext } from '../../pipeline/expression-context.ts';
import type { Environment } from '../environment.ts';
import type { JobState } from '../job-state.ts';
import type { StepScope } from '../step-setup.ts';
import type { BroughtAction } from './bring.ts';

/** The job, as an action sees it: what its parts leave is seen by those after them before the step is over. */
export function jobScope(state: JobState): StepScope {
  return {
    message: state.message,
    secrets: state.secrets,
    variables: { ...state.variables },
    declared: state.declared,
    path: [...state.path],
    emptyFiles: state.emptyFiles,
    context: (environment, withSecrets) => state.context(environment, withSecrets),
  };
}

/** What the steps of a composite action see: its inputs, its own steps, how it went so far, and no secret of the job. */
export class CompositeScope implements StepScope {
  readonly #outer: StepScope;
  readonly #inputs: JsonObject;
  readonly #steps: Record<string, JsonObject> = {};
  readonly plain: NonNullable<StepScope['plain']>;
  readonly folder: string;
  readonly root: string | null;
  /** Why it failed, in the words of a reason; null while all is well. */
  failedBecause: string | null = null;

  constructor(
    outer: StepScope,
    inputs: JsonObject,
    plain: NonNullable<StepScope['plain']>,
    { folder, root }: Pick<BroughtAction, 'folder' | 'root'>,
  ) {
    this.#outer = outer;
    this.#inputs = inputs;
    this.plain = plain;
    this.folder = folder;
    this.root = root;
  }

  get message() {
    return this.#outer.message;
  }

  get secrets() {
    return this.#outer.secrets;
  }

  get variables() {
    return this.#outer.variables;
  }

  get declared() {
    return this.#outer.declared;
  }

  get path() {
    return this.#outer.path;
  }

  get emptyFiles() {
    return this.#outer.emptyFiles;
  }

  note(step: string, outcome: string, conclusion: string, outputs: Readonly<Record<string, string>>): void {
    this.#steps[step] = { outcome, conclusion, outputs };
  }

  context(environment: Environment, withSecrets = true): ExpressionContext {
    const outer = this.#outer.context(environment, withSecrets);
    const token = withSecrets ? this.secrets.GITHUB_TOKEN : undefined;
    return {
      ...outer,
      inputs: this.#inputs,
      steps: this.#steps,
      // `github.token` is made of it; all others are the caller's to hand over as inputs.
      secrets: token === undefined ? {} : { GITHUB_TOKEN: token },
      status: { ...outer.status, failed: this.failedBecause !== null },
    };
  }
}
