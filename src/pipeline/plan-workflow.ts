import type { Expression } from './plan.ts';
import type { JobScope } from './plan-call.ts';
import type { Protection } from './plan-environment.ts';

/** What a GitHub workflow says of a job that our own pipelines have no word for. Recorded; the machine may ignore it. */
export interface WorkflowJob {
  /** Labels of the runner that is wanted. Templates. Empty: a call of another workflow. */
  readonly runsOn: readonly string[];
  /** By scope: `read`, `write` or `none`; `read-all` and `write-all` are the one scope `*`. null: not said. */
  readonly permissions: Readonly<Record<string, string>> | null;
  /** Its secrets and its protection count; it starts no deployment. Templates. */
  readonly environment: {
    readonly name: string;
    readonly url: string | null;
    /** Names that a template may not become: these are protected, and nobody can be asked any more when it is evaluated. */
    readonly refused?: readonly string[];
    /** What its protection demands when the job begins; the job fails when that is not met. */
    readonly held?: Hold;
    /** The same by the name that a template becomes. */
    readonly mayHold?: readonly (Hold & { readonly name: string })[];
  } | null;
  /** The workflow that the job is: `./.github/workflows/test.yml` or `owner/name/.github/workflows/test.yml@v1`. */
  readonly call: WorkflowCall | null;
  /** Only in a workflow that calls others. */
  readonly scope?: JobScope;
  /** Instead of what the job and its matrix say; each only where the file has an expression. */
  readonly dynamic?: DynamicSettings;
}

export type Hold = Pick<Protection, 'branches' | 'windows' | 'freezes'>;

/** Settings that are known only when the job is about to run, or is over. */
export interface DynamicSettings {
  readonly allowFailure?: Expression;
  readonly timeoutMinutes?: Expression;
  readonly failFast?: Expression;
  readonly maxParallel?: Expression;
}

/** What a GitHub workflow says of a step that our own pipelines have no word for. */
export interface WorkflowStep {
  /** Instead of `allowFailure`, when the step failed. */
  readonly allowFailure?: Expression;
  /** Instead of `timeoutMs`, when it is about to run. */
  readonly timeoutMinutes?: Expression;
  /** The steps behind it begin while it runs; what it leaves is there for those behind a step that waits for it. */
  readonly background?: true;
  /** It runs nothing itself. */
  readonly control?: StepControl;
}

/** What a step does with the ones in the background, by their ids. */
export type StepControl =
  | { readonly kind: 'wait'; readonly steps: readonly string[] }
  /** For all that were begun before it. */
  | { readonly kind: 'wait-all' }
  | { readonly kind: 'cancel'; readonly step: string };

export interface WorkflowCall {
  readonly workflow: string;
  /** Templates. */
  readonly with: Readonly<Record<string, string>>;
  /** By the name there; templates. `inherit`: all that this workflow has. */
  readonly secrets: Readonly<Record<string, string>> | 'inherit';
}
