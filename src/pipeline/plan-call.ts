import type { Place } from '../base/diagnostic.ts';
import type { JsonObject } from '../base/json.ts';
import type { Expression, InputDefinition } from './plan.ts';

/**
 * A call of a workflow, of this repository or of another one. Its jobs are jobs of the plan, called `CALL / JOB`; what they see of the world is
 * told by their `scope`.
 */
export interface PlanCall {
  /** The job that calls, as it is shown: `test`, `test (os: linux)`, `release / test`. */
  readonly id: string;
  /** The call that it stands in; null: none. */
  readonly parent: string | null;
  /** By their names in the workflow that calls. */
  readonly needs: ScopeNeeds;
  readonly if: Expression | null;
  /** The combination of its matrix. */
  readonly matrix: JsonObject | null;
  /** Templates, in the words of the workflow that calls. */
  readonly with: Readonly<Record<string, string>>;
  /** Of the workflow that is called. */
  readonly inputs: Readonly<Record<string, InputDefinition>>;
  /** Templates over `jobs`, in the words of the workflow that is called. */
  readonly outputs: Readonly<Record<string, string>>;
  /** All jobs of the workflow that is called, by their names there. */
  readonly jobs: ScopeNeeds;
  readonly place: Place;
}

/** By a name: the job of the plan that it stands for, or the calls, one for each combination of a matrix. */
export type ScopeNeeds = Readonly<Record<string, ScopeNeed>>;
export type ScopeNeed = { readonly job: string } | { readonly calls: readonly string[] };

/** What a job of a workflow with calls sees. */
export interface JobScope {
  /** The call that the job is a part of; null: of the workflow itself. */
  readonly call: string | null;
  /** What it is called in its file. */
  readonly name: string;
  /** Under `needs`, in the words of its file. */
  readonly needs: ScopeNeeds;
  /** What `secrets` holds, the outermost call first: by the name there a template over the secrets before. */
  readonly secrets: readonly Readonly<Record<string, string>>[];
}
