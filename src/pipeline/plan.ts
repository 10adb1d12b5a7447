import type { Place } from '../base/diagnostic.ts';
import type { Digest } from '../base/digest.ts';
import type { JsonObject, JsonValue } from '../base/json.ts';
import type { PlanUses } from './plan-action.ts';
import type { ApprovalRequest } from './plan-approval.ts';
import type { PlanArtifact, PlanDownload } from './plan-artifact.ts';
import type { DirectoryCache } from './plan-cache.ts';
import type { PlanCall } from './plan-call.ts';
import type { EnvironmentDefinition } from './plan-environment.ts';
import type { GateCondition, Waiver } from './plan-gate.ts';
import type { PlanContainer, PlanIsolation, PlanService } from './plan-isolation.ts';
import type { PlanReport } from './plan-report.ts';
import type { ServiceDefinition } from './plan-service.ts';
import type { StrategyDefinition } from './plan-strategy.ts';
import type { WorkDeclaration } from './plan-work.ts';
import type { WorkflowJob, WorkflowStep } from './plan-workflow.ts';

/**
 * The plan: what a pipeline file says, checked, with templates and static matrices expanded. Plain data, so that it can be
 * printed, drawn, simulated, compared and sent to another machine. Both languages (ours and GitHub's) end here.
 *
 * Words: a *job* is one definition; a *cell* is one execution of it for one combination of its matrix. A job without a
 * matrix has exactly one cell. Fan-in is between jobs, not cells, so 250 cells needing 250 cells are one edge.
 *
 * Strings marked *template* may hold `${{ }}` and are evaluated when the job or step is about to run.
 */
export interface Plan {
  readonly schemaVersion: 1;
  /** Whose words its expressions are: in a GitHub workflow inputs have the types that they declare. */
  readonly dialect: 'sluice' | 'github';
  readonly name: string;
  /** The pipeline file as the user named it, relative to the repository. */
  readonly file: string;
  /** SHA-256 over all source files that made the plan. */
  readonly digest: Digest;
  /** `variables:` and the pipeline's `environment:` mapping. Templates. */
  readonly variables: Readonly<Record<string, string>>;
  readonly concurrency: Concurrency | null;
  readonly stages: readonly PlanStage[];
  /** In the order of the file; every job stands after the jobs of its `needs`' stages only if the file says so. No cycles. */
  readonly jobs: readonly PlanJob[];
  readonly triggers: readonly Trigger[];
  /** Inputs that a manual run may give, with defaults. */
  readonly inputs: Readonly<Record<string, InputDefinition>>;
  readonly timeoutMs: number | null;
  /** Where can be deployed, and what; in the order of the files. */
  readonly environments: readonly EnvironmentDefinition[];
  readonly services: readonly ServiceDefinition[];
  /** Accepted failures, from the repository's waivers file. */
  readonly waivers: readonly Waiver[];
  /** Of a GitHub workflow: the workflows that it calls, whose jobs are among `jobs`. */
  readonly calls?: readonly PlanCall[];
  /** Files and folders that an untrusted run takes from the base, besides those that describe pipelines. */
  readonly protectedPaths: readonly string[];
}

export interface InputDefinition {
  readonly description: string;
  readonly required: boolean;
  readonly default: string | null;
  readonly options: readonly string[] | null;
  /** What expressions see it as. Not said: text. */
  readonly type?: 'boolean' | 'number';
}

export interface Trigger {
  /** Or any other event that a GitHub workflow may name, such as `release`. */
  readonly event: 'push' | 'pull_request' | 'tag' | 'schedule' | 'manual' | 'api' | (string & {});
  readonly branches: readonly string[];
  readonly branchesIgnore: readonly string[];
  readonly tags: readonly string[];
  readonly paths: readonly string[];
  readonly pathsIgnore: readonly string[];
  readonly cron: string | null;
  /** Kinds of activity, such as `opened`, of which the event must be one. Not said: any. */
  readonly types?: readonly string[];
}

/**
 * Runs (or cells) of one group do not run at the same time. `queue`: first come, first served; `newest-wins`: one waits, a
 * newer one replaces the waiting one; `cancel-running`: a newer one cancels the running one; `never-cancel`: like queue, and
 * nothing may supersede it (deployments).
 */
export interface Concurrency {
  /** Template. */
  readonly group: string;
  readonly policy: 'queue' | 'newest-wins' | 'cancel-running' | 'never-cancel';
  /** Of a workflow: where it is true the policy is `cancel-running`. */
  readonly cancelIf?: Expression;
}

export interface PlanStage {
  readonly name: string;
  /** Names of stages that must be over before this one's jobs start. */
  readonly dependsOn: readonly string[];
  /** Longest time from the start of its first job to the end of its last one. */
  readonly timeoutMs: number;
  readonly place: Place;
}

export interface PlanJob {
  /** Unique in the plan; letters, digits, `_`, `-`, `.`. */
  readonly id: string;
  /** What people see; may contain templates with `matrix`. */
  readonly name: string;
  readonly stage: string;
  /** Job ids; those of the stages this job's stage depends on are already included. */
  readonly needs: readonly string[];
  /** Conditions of pipeline, stage and job joined; null means `success()`. An expression without `${{ }}`. */
  readonly if: Expression | null;
  /** The combinations, or how to compute them when the jobs it needs are over. */
  readonly matrix: Matrix | null;
  readonly variables: Readonly<Record<string, string>>;
  /** Names of the secrets that the job is granted, and the variable that each is given as. */
  readonly secrets: readonly SecretGrant[];
  readonly timeoutMs: number;
  /** Cancels the job when it prints nothing for so long; null switches it off. */
  readonly silenceTimeoutMs: number | null;
  readonly retry: RetryPolicy;
  /** A failure of the job lets the run go on and shows as a warning. */
  readonly allowFailure: boolean;
  readonly concurrency: Concurrency | null;
  readonly steps: readonly PlanStep[];
  /** Run after the steps whatever happened, in order, with their own time. */
  readonly cleanup: readonly PlanStep[];
  /** How long clean-up may take in all after a cancel. */
  readonly cleanupGraceMs: number;
  /** Output name to template over `steps`. */
  readonly outputs: Readonly<Record<string, string>>;
  /** May be started again by a resume when its outcome is unknown. */
  readonly repeatable: boolean;
  readonly language: string | null;
  /** The workspace is kept as each step left it, so that a later run can begin at any step. */
  readonly snapshots: boolean;
  /** What decides its result, when unchanged work may be skipped. */
  readonly work: WorkDeclaration | null;
  readonly isolation: PlanIsolation;
  /** The steps run in it; null: on the machine or in its sandbox. */
  readonly container: PlanContainer | null;
  /** Run beside the steps. */
  readonly services: readonly PlanService[];
  readonly caches: readonly DirectoryCache[];
  readonly downloads: readonly PlanDownload[];
  readonly artifacts: readonly PlanArtifact[];
  readonly reports: readonly PlanReport[];
  /**
   * Conditions on facts. Of a job with steps: on its own reports, judged after them. Of a job without: on those of all jobs
   * before it.
   */
  readonly gates: readonly GateCondition[];
  /** Set when the job is an approval; it has no steps then. */
  readonly approval: ApprovalRequest | null;
  /** Set when the job is a deployment: a stage with `environment: NAME`. It has no steps then. */
  readonly deploy: DeployRequest | null;
  /** Of a job of a GitHub workflow; null for others. */
  readonly workflow: WorkflowJob | null;
  /**
   * What the job asks for that this version checks but does not perform. A job with any runs nothing and ends
   * `errored` with these sentences.
   */
  readonly refusals: readonly Refusal[];
  readonly place: Place;
}

export interface SecretGrant {
  readonly name: string;
  /** null: only expressions see it. */
  readonly variable: string | null;
  /** Where there is no such secret it is empty, and the job runs all the same. */
  readonly optional?: boolean;
}

export interface DeployRequest {
  readonly environment: string;
  readonly strategy: StrategyDefinition | null;
  readonly rollbackOnFailure: boolean;
  readonly service: string | null;
  readonly artifact: string | null;
}

export interface Refusal {
  readonly feature: string;
  readonly message: string;
  readonly place: Place;
}

export interface PlanStep {
  /** Unique in the job: given, or `step-3` by position. */
  readonly id: string;
  readonly name: string;
  /** The script. Template. */
  readonly run: string;
  /** The action that it performs instead of a script; `run` is empty then. */
  readonly uses: PlanUses | null;
  /** What the step asks for that this version checks but does not perform: the step fails with this sentence. */
  readonly refusal: Refusal | null;
  /** `sh`, `bash`, `python`, or a command line with `{0}` for the script file. */
  readonly shell: string;
  /** Relative to the workspace. Template. */
  readonly workingDirectory: string;
  readonly variables: Readonly<Record<string, string>>;
  readonly if: Expression | null;
  readonly timeoutMs: number | null;
  readonly allowFailure: boolean;
  readonly retry: RetryPolicy;
  readonly repeatable: boolean;
  readonly tty: boolean;
  /** What decides its result, when unchanged work may be skipped. */
  readonly work: WorkDeclaration | null;
  /** Steps with the same number stand together in a `parallel:` block and run at the same time; null runs alone. */
  readonly parallelGroup: number | null;
  /** Clean-up steps only: run always or only when the job failed. */
  readonly when: 'always' | 'on-failure';
  /** Of a GitHub workflow, where it says more than the rest. */
  readonly workflow?: WorkflowStep;
  readonly place: Place;
}

export interface Expression {
  /** Without `${{ }}`. */
  readonly source: string;
  readonly place: Place;
}

export interface RetryPolicy {
  /** Attempts after the first; 0 switches retrying off. */
  readonly max: number;
  readonly delayMs: number;
  /** Each further delay is the last one times this. */
  readonly backoff: number;
  /** Any one is enough. Empty: any failure that is not a cancellation. */
  readonly on: readonly RetryCause[];
}

export type RetryCause =
  | { readonly kind: 'exit-code'; readonly codes: readonly number[] }
  | { readonly kind: 'signal'; readonly signals: readonly string[] }
  | { readonly kind: 'timeout' }
  | { readonly kind: 'lost' }
  /** A text that the output must contain; `*` stands for any characters within a line. */
  | { readonly kind: 'output'; readonly pattern: string };

export interface Matrix {
  /** Known combinations, or an expression over `needs` that gives them (an object of lists, or a list of objects). */
  readonly cells: readonly JsonObject[] | null;
  readonly expression: Expression | null;
  /** Applied to what the expression gives. */
  readonly include: readonly JsonObject[];
  readonly exclude: readonly JsonObject[];
  /** One failed cell cancels the others. */
  readonly failFast: boolean;
  readonly maxParallel: number | null;
}

/** The most cells one matrix may have. */
export const MATRIX_CELLS_MAX = 256;

/** What a cell is called: `test`, or `test (node: 20, os: linux)`. */
export function cellName(jobId: string, values: JsonObject | null): string {
  if (!values) return jobId;
  const parts = Object.entries(values).map(([key, value]) => `${key}: ${cellValueText(value)}`);
  return `${jobId} (${parts.join(', ')})`;
}

/**
 * A name as people see it in one cell: every `${{ matrix.KEY }}` is replaced by the cell's value. Other expressions stay as
 * they are written, because what they look at is known only where the step runs.
 */
export function nameInCell(name: string, values: JsonObject | null): string {
  if (!values || !name.includes('${{')) return name;
  return name.replace(/\$\{\{\s*matrix\.([A-Za-z_][\w-]*)\s*\}\}/g, (written, key: string) =>
    Object.hasOwn(values, key) ? cellValueText(values[key]!) : written,
  );
}

function cellValueText(value: JsonValue): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
