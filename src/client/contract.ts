import type { ArtifactFile, ArtifactQuery, ArtifactRecord, ArtifactUploaded } from '../artifact/contract.ts';
import type { JsonObject } from '../base/json.ts';
import type { CacheEntryView } from '../cache/contract.ts';
import type { PlacedEvent, Trust } from '../journal/event.ts';
import type { ApprovedThing, CancelTarget, RunOutcome, RunSource } from '../journal/run-event.ts';
import type { Plan } from '../pipeline/plan.ts';
import type { Deployments } from './deployment/contract.ts';
import type { Gates } from './gate/contract.ts';
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
  /**
   * Answers an approval durably, and resolves when the run's owner has taken it. A run whose owner is gone is taken over
   * and driven on in this process. Refuses with the reason what does not count.
   */
  answer(runId: string, answer: GivenAnswer, options: ResumeOptions): Promise<TakenAnswer>;
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
  /** What runs made and keep. Nothing is opened before the first call. */
  readonly artifacts: Artifacts;
  readonly caches: Caches;
  /** What is deployed where. Loaded by the first call. */
  deployments(): Promise<Deployments>;
  /** What gates said and would have said. Loaded by the first call. */
  gates(): Promise<Gates>;
  close(): Promise<void>;
}

export type { ArtifactFile, ArtifactQuery, ArtifactRecord };

export interface Artifacts {
  /** Newest first. */
  find(query: ArtifactQuery): Promise<readonly ArtifactRecord[]>;
  /** Its entries in order. */
  files(record: ArtifactRecord): Promise<readonly ArtifactFile[]>;
  /** One file's content. Refuses a path that is no file of it, with the nearest name. */
  open(record: ArtifactRecord, path: string): Promise<AsyncIterable<Uint8Array>>;
  /** Brings files below a folder. Refuses, before anything is written, to replace what is there. */
  download(record: ArtifactRecord, request: ArtifactDownload): Promise<ArtifactBrought>;
  /** Writes them as one archive: `.tar`, `.tar.gz`, `.tgz` or `.tar.zst`, by the name's end. */
  pack(record: ArtifactRecord, request: ArtifactDownload): Promise<ArtifactBrought>;
  /** Keeps files of this machine, or the content of an archive, as an artifact that no run made. */
  upload(request: ArtifactGiven): Promise<ArtifactUploaded>;
  /** While somebody pins it, it does not expire. */
  pin(record: ArtifactRecord): Promise<void>;
  /** Takes back the pin of `by`; null: that of whoever asks. */
  unpin(record: ArtifactRecord, by: string | null): Promise<void>;
  remove(record: ArtifactRecord): Promise<void>;
}

export interface ArtifactDownload {
  /** Absolute path of the folder, or of the archive. */
  readonly target: string;
  /** Files and folders of the artifact; empty: all of it. */
  readonly only: readonly string[];
  readonly replaces: boolean;
  /** Also what an untrusted run made. */
  readonly untrusted: boolean;
  /** Told now and then how many bytes of contents are done. */
  readonly onProgress?: (bytes: number) => void;
}

export interface ArtifactBrought {
  readonly files: number;
  readonly bytes: number;
}

export interface ArtifactGiven {
  readonly name: string;
  readonly source: RunSource;
  /** null: from the tag, else commit and branch. */
  readonly version: string | null;
  readonly metadata: Readonly<Record<string, string>>;
  /** Paths below `root`, or the path of an archive. */
  readonly from:
    | { readonly kind: 'files'; readonly root: string; readonly paths: readonly string[] }
    | { readonly kind: 'archive'; readonly file: string };
}

export interface Caches {
  /** What is kept, the one used last first, and what was asked for and is not kept. */
  list(repository: string): Promise<readonly CacheView[]>;
  /** Removes all versions under a key; null: of every key. Returns how many went. */
  remove(repository: string, key: string | null): Promise<number>;
  /** Removes expired artifacts, caches over the limits (least recently used first) and contents that nothing names. */
  prune(limits: { readonly bytesMax: number; readonly ageMaxMs: number }): Promise<Pruned>;
}

/** A key of a directory cache, and how often it helped in the last runs. */
export interface CacheView {
  readonly key: string;
  /** One for each ref and trust; empty: nothing is kept under it. */
  readonly kept: readonly Omit<CacheEntryView, 'key'>[];
  readonly hits: number;
  readonly misses: number;
  /** What making the content took, less what bringing it took. */
  readonly savedMs: number;
}

export interface Pruned {
  readonly artifacts: number;
  readonly cacheEntries: number;
  readonly contents: number;
  readonly bytes: number;
}

export interface StartRequest {
  readonly plan: Plan;
  readonly source: RunSource;
  readonly event: { readonly name: string; readonly payload: JsonObject };
  /** Trust the code as little as that of a fork, whatever the event says. What the event says may lower it as well. */
  readonly untrusted?: boolean;
  readonly inputs: JsonObject;
  readonly variables: Readonly<Record<string, string>>;
  readonly workersMax: number;
  /** Only these jobs and what they need; null for all. */
  readonly only: readonly string[] | null;
  /** Files whose `NAME=value` lines are secrets, besides the environment. */
  readonly secretFiles: readonly string[];
  /** Keep the workspace of a failed job, so that a shell can be opened in it. */
  readonly keepWorkspaces: boolean;
  /** `anew`: do also the work whose result is known. `check`: do it and tell what was used without being declared. */
  readonly work?: 'anew' | 'check';
}

/** What is not in the journal and has to be said again. */
export type ResumeOptions = Pick<StartRequest, 'secretFiles' | 'keepWorkspaces' | 'work'>;

export interface StartedRun {
  readonly runId: string;
  /** Resolves when the run is over. Rejects only when Sluice itself could not go on. */
  readonly finished: Promise<RunOutcome>;
  /**
   * Leaves the run when nothing but people can bring it on: whoever answers takes it over. Resolves to whether it was left; then
   * `finished` has rejected.
   */
  leaveIfAsked(): Promise<boolean>;
  /** Where a failed cell's workspace is, when it was kept, and how its last step was started. */
  failedPlace(cell: string): FailedPlace | null;
}

/** What somebody says to an approval. */
export interface GivenAnswer {
  /** The cell that asks. */
  readonly cell: string;
  readonly decision: 'approve' | 'reject';
  /** The form, filled in. */
  readonly answers: Readonly<Record<string, string>>;
  /** A comment, or why not. */
  readonly text: string | null;
  /** What was seen: an approval of another commit, plan or artifact is refused. */
  readonly binding: ApprovedThing;
}

export interface TakenAnswer {
  /** The account that answered. */
  readonly by: string;
  /** How many more people must agree; 0 after a rejection. */
  readonly left: number;
  readonly sentence: string;
  /** The run, when its owner was gone and this process drives it now; null: its owner goes on. */
  readonly run: StartedRun | null;
}

export interface FailedPlace {
  readonly directory: string;
  readonly environment: Readonly<Record<string, string>>;
}

export type RerunWhat =
  | { readonly kind: 'all' }
  | { readonly kind: 'failed' }
  /** `JOB`, `STEP`, `JOB/STEP` or `CELL/STEP`: this job from that step on, and everything that depends on it. */
  | { readonly kind: 'from'; readonly from: string };

export interface RunSummary {
  readonly runId: string;
  readonly pipeline: string;
  readonly branch: string | null;
  readonly commit: string | null;
  readonly event: string;
  readonly trust: Trust;
  readonly startedAtMs: number;
  readonly durationMs: number | null;
  /** null while it is not over. */
  readonly outcome: RunOutcome | null;
  /** Not over, and its owner is gone. */
  readonly orphaned: boolean;
  /** Cells that wait for people. */
  readonly approvals: readonly string[];
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
