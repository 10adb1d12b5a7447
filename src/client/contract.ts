import type { JsonObject } from '../base/json.ts';
import type { PlacedEvent } from '../journal/event.ts';
import type { CancelTarget, RunOutcome, RunSource } from '../journal/run-event.ts';
import type { Plan } from '../pipeline/plan.ts';
import type { RunView } from './run-view.ts';

/**
 * What every face can ask for. One contract, in-process now, over HTTPS later. Errors a person can act on are
 * `UserError` (base/diagnostic.ts).
 */
export interface Client {
  /** Accepts a run (durably) and begins to drive it in this process. */
  start(request: StartRequest): Promise<StartedRun>;
  /** Takes over a run whose owner is gone and drives it. Refuses, naming the owner, when that one lives. */
  resume(runId: string, options: ResumeOptions): Promise<StartedRun>;
  /** A new run with the plan and source of an old one, reusing the results of what is not repeated. */
  rerun(runId: string, what: RerunWhat, options: ResumeOptions): Promise<StartedRun>;
  /**
   * Asks for it durably; resolves when it was recorded, not when it is done. A run whose owner is gone is taken over to
   * be stopped; then it resolves when the run is over.
   */
  cancel(runId: string, target: CancelTarget, reason: string): Promise<void>;
  /** Newest first. */
  list(filter: { readonly repository?: string; readonly limit: number }): Promise<readonly RunSummary[]>;
  /** Run ids that the text may mean: a whole id, an unambiguous beginning or end of one, or `latest`. */
  resolve(text: string, repository?: string): Promise<string>;
  show(runId: string): Promise<RunView>;
  /** All events so far and, with `follow`, further ones until the run is over. */
  events(runId: string, options: { readonly follow: boolean }): AsyncIterable<PlacedEvent>;
  logs(runId: string, query: LogQuery): AsyncIterable<LogLine>;
  /** Runs that nobody drives although they are not over. */
  orphans(repository: string): Promise<readonly RunSummary[]>;
  /** Median duration of each job of this pipeline's last runs in milliseconds. */
  expectations(repository: string, pipeline: string): Promise<Readonly<Record<string, number>>>;
  close(): Promise<void>;
}

export interface StartRequest {
  readonly plan: Plan;
  readonly source: RunSource;
  readonly event: { readonly name: string; readonly payload: JsonObject };
  readonly inputs: JsonObject;
  readonly variables: Readonly<Record<string, string>>;
  readonly workersMax: number;
  /** Only these jobs and what they need; null for all. */
  readonly only: readonly string[] | null;
  /** Files whose `NAME=value` lines are secrets, besides the environment. */
  readonly secretFiles: readonly string[];
  /** Keep the workspace of a failed job, so that a shell can be opened in it. */
  readonly keepWorkspaces: boolean;
}

/** What is not in the journal and has to be said again. */
export type ResumeOptions = Pick<StartRequest, 'secretFiles' | 'keepWorkspaces'>;

export interface StartedRun {
  readonly runId: string;
  /** Resolves when the run is over. Rejects only when Sluice itself could not go on. */
  readonly finished: Promise<RunOutcome>;
  /** Where a failed cell's workspace is, when it was kept, and how its last step was started. */
  failedPlace(cell: string): FailedPlace | null;
}

export interface FailedPlace {
  readonly directory: string;
  readonly environment: Readonly<Record<string, string>>;
}

export type RerunWhat =
  | { readonly kind: 'all' }
  | { readonly kind: 'failed' }
  /** This job and everything that depends on it. */
  | { readonly kind: 'from'; readonly job: string };

export interface RunSummary {
  readonly runId: string;
  readonly pipeline: string;
  readonly branch: string | null;
  readonly commit: string | null;
  readonly event: string;
  readonly startedAtMs: number;
  readonly durationMs: number | null;
  /** null while it is not over. */
  readonly outcome: RunOutcome | null;
  /** Not over, and its owner is gone. */
  readonly orphaned: boolean;
  readonly sentence: string;
}

export interface LogQuery {
  /** null: all cells in the order in which they started. */
  readonly cell: string | null;
  readonly step: string | null;
  readonly follow: boolean;
  /** Only the last so many lines of each step. */
  readonly tail: number | null;
}

export interface LogLine {
  readonly cell: string;
  readonly attempt: number;
  readonly step: string;
  /** Counts from 1 within the step. */
  readonly line: number;
  readonly atMs: number;
  /** Masked; without the line end; may hold SGR colours and other bytes as the step wrote them. */
  readonly text: string;
}
