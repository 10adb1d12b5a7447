import type { Digest } from '../base/digest.ts';
import type { JsonObject } from '../base/json.ts';
import type { Trust } from './event.ts';

/*
 * What happens in a run. A member has a type, and exactly the data that its reader needs; each has a sentence.
 * A run's stream is written by its owner only; `run.cancel-requested` and the like reach the owner through the inbox and
 * are copied into the run's stream with their actor.
 */

export type RunOutcome = 'succeeded' | 'warned' | 'failed' | 'cancelled' | 'errored';
/** `warned`: it failed and `allow_failure` let the run go on. `errored`: Sluice itself could not, or will not yet. */
export type CellOutcome = 'succeeded' | 'warned' | 'failed' | 'cancelled' | 'skipped' | 'errored';
export type StepOutcome = 'succeeded' | 'warned' | 'failed' | 'cancelled' | 'skipped' | 'errored';

/** In strict precedence: the first that applies is the cause. */
export type Cause =
  | { readonly kind: 'cancelled'; readonly by: string; readonly reason: string }
  | { readonly kind: 'timeout'; readonly scope: 'step' | 'job' | 'stage' | 'run'; readonly limitMs: number }
  | { readonly kind: 'silence'; readonly limitMs: number }
  | { readonly kind: 'lost'; readonly reason: string }
  /** The job used more than it may; `message` names the limit: "out of memory: limit 512 MiB". */
  | {
      readonly kind: 'limit';
      readonly limit: 'memory' | 'processes' | 'disk' | 'output';
      readonly message: string;
    }
  | { readonly kind: 'signal'; readonly signal: string }
  | { readonly kind: 'exit-code'; readonly code: number }
  | { readonly kind: 'could-not-start'; readonly reason: string }
  /** What the job needs besides its steps (an artifact, a service) could not be had, or what it makes not be kept. */
  | { readonly kind: 'surroundings'; readonly message: string }
  /** Somebody said no to an approval; `by` null: too few people answered in time. */
  | { readonly kind: 'rejected'; readonly by: string | null; readonly reason: string }
  /** The gates of the job say no to the change; `message` tells what a person needs. */
  | { readonly kind: 'gate'; readonly message: string }
  /** What the job deploys was refused, or is not in place; `deploymentId` null: none was begun. */
  | { readonly kind: 'deployment'; readonly deploymentId: string | null; readonly message: string }
  /** A feature that is checked and planned but not performed by this version. */
  | { readonly kind: 'refused'; readonly sentences: readonly string[] }
  /** A broken expression, an unknown secret, an invalid matrix: found only when the run got there. */
  | { readonly kind: 'invalid'; readonly message: string }
  | { readonly kind: 'internal'; readonly message: string };

/** Where the code comes from. */
export interface RunSource {
  /** Absolute path of the repository on this machine. */
  readonly path: string;
  readonly repository: string;
  readonly branch: string | null;
  readonly tag: string | null;
  readonly commit: string | null;
  readonly commitTimeMs: number | null;
  /** `tree`: the files as they lie there, tracked and untracked but not ignored. `commit`: exactly the commit. */
  readonly mode: 'tree' | 'commit';
  readonly dirty: boolean;
  /** Only of an untrusted run: the commit whose pipeline it follows. */
  readonly base?: SourceBase;
}

/** The side of the repository in an untrusted run. */
export interface SourceBase {
  /** As it was named. */
  readonly ref: string;
  readonly commit: string;
  /** Files and folders that are this commit's in every workspace. */
  readonly protectedPaths: readonly string[];
}

/** Why a cell did not run, why a job waits, and the like: sentence and evidence. */
export interface Reason {
  readonly sentence: string;
  /** The decision tree of a condition, when there was one. */
  readonly decision?: JsonObject;
}

export interface LogSize {
  readonly bytes: number;
  readonly lines: number;
}

/** A step of an action that a step performed, as people see it. */
export interface StepPart {
  readonly name: string;
  /** 1: of the action itself; one more for each action in between. */
  readonly depth: number;
  readonly outcome: StepOutcome;
  readonly cause: Cause | null;
  readonly durationMs: number;
}

/** What a step of a workflow wants to be seen: a line of its output that began with `::error` and the like. Masked. */
export interface Annotation {
  readonly level: 'error' | 'warning' | 'notice';
  readonly message: string;
  readonly title: string | null;
  readonly place: AnnotatedPlace | null;
}

/** Lines and columns count from 1; null where they were not given. */
export interface AnnotatedPlace {
  /** Relative to the workspace, where it lies in there. */
  readonly file: string;
  readonly line: number | null;
  readonly endLine: number | null;
  readonly column: number | null;
  readonly endColumn: number | null;
}

/** An artifact that a cell kept. */
export interface KeptArtifact {
  readonly runId: string;
  readonly cell: string;
  readonly name: string;
  readonly version: string;
  /** Of its manifest: names the content exactly. */
  readonly digest: Digest;
  readonly bytes: number;
  readonly files: number;
  readonly trust: Trust;
  /** null: kept until it is removed. */
  readonly expiresAtMs: number | null;
}

/** What a cell did with a directory cache. */
export interface CacheUse {
  readonly key: string;
  readonly action: 'restored' | 'missed' | 'saved' | 'not-saved';
  /** Which entry was taken and why, or why there was none. */
  readonly sentence: string;
  readonly bytes: number;
  readonly tookMs: number;
  /** What making it took less what bringing it took; 0 when nothing was restored. */
  readonly savedMs: number;
}

/** Whether work was skipped because its fingerprint was seen, or why it was not. */
export interface WorkUse {
  readonly fingerprint: Digest;
  /** The run whose result was taken over; null: the work was done. */
  readonly reusedFrom: string | null;
  readonly sentence: string;
  /** What the work took when it was done. */
  readonly savedMs: number;
  /** Where the logs of what was taken over lie, in that run. */
  readonly logs?: {
    readonly cell: string;
    readonly attempt: number;
    readonly steps: readonly { readonly step: string; readonly try: number }[];
  };
  /** What was different when it was last done or taken over; only where that is known and the work was done. */
  readonly changes?: WorkChanges;
  /** What a check of the declaration found: files that were read or written without being declared, at most 20 each. */
  readonly undeclared?: { readonly read: readonly string[]; readonly written: readonly string[] };
}

/** Of the files at most 20 of each kind are named. */
export interface WorkChanges {
  /** Other parts of the fingerprint: `step build`, `tool node --version`. */
  readonly fields: readonly string[];
  readonly added: readonly string[];
  readonly changed: readonly string[];
  readonly removed: readonly string[];
  /** How many files are different in all. */
  readonly files: number;
}

/** A report that a cell was to write, and what it says. */
export interface ReportUse {
  /** Relative to the workspace; the globs when nothing matched. */
  readonly file: string;
  /** null: it could not be told. */
  readonly kind: string | null;
  readonly figures: JsonObject | null;
  /** Of its bytes; null when it could not be read. */
  readonly digest: Digest | null;
  /** Why it could not be read, with the place; null when it could. */
  readonly problem: string | null;
  /** It lay there before the first step, and no step wrote it. */
  readonly isStale: boolean;
  /** What was read and yet cannot be believed. */
  readonly doubts: readonly string[];
  /** Absolute names of the workspace; what it says of files there is taken as relative. Not there: before that was noted. */
  readonly roots?: readonly string[];
  /** The run that made it, whose unchanged work was taken over, and when it was over; not there: this run made it. */
  readonly madeBy?: { readonly runId: string; readonly atMs: number };
}

/** The deployment that a job began and waited for. */
export interface DeploymentUse {
  readonly deploymentId: string;
  readonly service: string;
  readonly version: string;
  readonly environment: string;
  /** What serves now was there before; false: the release is proven. */
  readonly isBack: boolean;
}

/** What else an attempt of a cell did; each part only where there is any. */
export interface CellExtras {
  /** Of a job that deploys. */
  readonly deployment?: DeploymentUse;
  readonly kept?: readonly KeptArtifact[];
  readonly caches?: readonly CacheUse[];
  readonly work?: WorkUse;
  readonly reports?: readonly ReportUse[];
  /** Where the reports are kept (a tree manifest). */
  readonly reportTree?: Digest;
  /** What its gates came to: a GateResult (gate/result.ts). */
  readonly gates?: JsonObject;
}

/** What exactly people approve. */
export interface ApprovedThing {
  /** `none` outside of a commit. */
  readonly commit: string;
  readonly planDigest: Digest;
  /** Of the one artifact that the jobs before kept; over all their digests where they kept several; null where none. */
  readonly artifactDigest: Digest | null;
}

/** A field that whoever approves fills in. */
export interface AskedField {
  readonly description: string;
  readonly kind: 'text' | 'flag' | 'choice';
  readonly required: boolean;
  readonly default: string | null;
  /** Of `choice`; empty otherwise. */
  readonly options: readonly string[];
}

/** What a cancellation is aimed at. */
export type CancelTarget =
  | { readonly kind: 'run' }
  | { readonly kind: 'job'; readonly job: string }
  | { readonly kind: 'cell'; readonly cell: string }
  | { readonly kind: 'step'; readonly cell: string; readonly step: string };

export type RunEvent =
  /** A run was asked for and accepted; holds everything that decides its course. */
  | {
      readonly type: 'run.requested';
      readonly runId: string;
      readonly pipeline: string;
      readonly file: string;
      readonly source: RunSource;
      readonly event: { readonly name: string; readonly payload: JsonObject };
      readonly inputs: JsonObject;
      /** Given on the command line, over the file's. */
      readonly variables: Readonly<Record<string, string>>;
      /** The whole plan, packed (pipeline/packed-plan.ts). */
      readonly plan: JsonObject;
      /** Expected duration of each job in milliseconds, from earlier runs; decides priorities. */
      readonly expectedMs: Readonly<Record<string, number>>;
      readonly workersMax: number;
      /** Only these jobs and what they need; null for all. */
      readonly only: readonly string[] | null;
      /** `untrusted`: the code comes from a fork. Not said: trusted. */
      readonly trust?: Trust;
      /** Why it is that. */
      readonly trustReason?: string;
      /** Of a GitHub workflow, and where an artifact's version needs it: counts its runs in the repository. A run that repeats another one keeps its number. */
      readonly number?: number;
      /** Of a run with a number: 2 for a run that repeats another one, and so on. Not said: 1. */
      readonly attempt?: number;
      /** Accounts of who asked for it, and for the runs that it repeats. */
      readonly askedBy?: readonly string[];
      /** The run this one repeats, and the cells whose results are taken over from it. */
      readonly rerunOf: {
        readonly runId: string;
        readonly reused: Readonly<Record<string, JsonObject>>;
        /**
         * By cell: receipts of its first steps there. The cell takes them over at each attempt, with the workspace as the last of
         * them left it, and goes on behind them.
         */
        readonly continued?: Readonly<Record<string, readonly JsonObject[]>>;
      } | null;
    }
  /** A process became the owner: at the start, and again at each resume. */
  | { readonly type: 'run.owned'; readonly owner: string; readonly fence: number; readonly resumed: boolean }
  /** The run (cell null), or one cell, waits for its concurrency group behind these holders. */
  | {
      readonly type: 'run.waiting';
      readonly cell: string | null;
      readonly group: string;
      readonly behind: readonly string[];
    }
  /** The run (cell null), or one cell, holds its concurrency group and goes on. */
  | { readonly type: 'run.admitted'; readonly cell: string | null; readonly group: string }
  /** Somebody, or a newer run, wants it or a part of it stopped. */
  | {
      readonly type: 'run.cancel-requested';
      readonly target: CancelTarget;
      readonly by: string;
      readonly reason: string;
    }
  /** The owner was told of something a person should see. */
  | { readonly type: 'run.warning'; readonly message: string }
  /** A deadline of the run or of a stage passed. */
  | {
      readonly type: 'deadline.passed';
      readonly scope: 'run' | 'stage';
      readonly stage: string | null;
      readonly limitMs: number;
    }
  /** The matrix of a job was computed from the outputs of the jobs it needs. */
  | { readonly type: 'matrix.expanded'; readonly job: string; readonly cells: readonly JsonObject[] }
  /** The condition of a job holds; its cells (all of its matrix) wait for workers. */
  | {
      readonly type: 'job.ready';
      readonly job: string;
      readonly reason: Reason;
      /** Of its matrix, where an expression of the file says it. */
      readonly failFast?: boolean;
      readonly maxParallel?: number;
    }
  /** A job will not run, with none of its cells; `cell` is the job's id. */
  | { readonly type: 'cell.skipped'; readonly cell: string; readonly job: string; readonly reason: Reason }
  /** A cell that was started, or is held up by a concurrency group, waits for its next attempt or its group. */
  | {
      readonly type: 'cell.queued';
      readonly cell: string;
      readonly job: string;
      readonly attempt: number;
      readonly reason: Reason;
      readonly notBeforeMs: number | null;
    }
  /** A cell is handed to a runner. Intent: from here on its first step may have started. */
  | { readonly type: 'cell.started'; readonly cell: string; readonly job: string; readonly attempt: number }
  /** Intent: the step's process is about to be started. */
  | {
      readonly type: 'step.started';
      readonly cell: string;
      readonly attempt: number;
      readonly step: string;
      readonly try: number;
      readonly isolation: string;
    }
  /** Receipt: the step is over. */
  | {
      readonly type: 'step.finished';
      readonly cell: string;
      readonly attempt: number;
      readonly step: string;
      readonly try: number;
      readonly outcome: StepOutcome;
      readonly cause: Cause | null;
      readonly durationMs: number;
      readonly outputs: Readonly<Record<string, string>>;
      /** Variables and path entries that the step left for later steps. */
      readonly exported: {
        readonly variables: Readonly<Record<string, string>>;
        readonly path: readonly string[];
      };
      readonly log: LogSize;
      /** Resources of the process tree, where the machine tells. */
      readonly usage: { readonly cpuMs: number; readonly memoryMaxBytes: number } | null;
      readonly reason: Reason | null;
      /** Which of the retry policies' output patterns were seen. */
      readonly patterns: readonly string[];
      /** The step declares what it reads and makes. */
      readonly work?: WorkUse;
      /** At most ten of each level. */
      readonly annotations?: readonly Annotation[];
      /** The step performed an action of several steps: these, in the order in which they began. */
      readonly parts?: readonly StepPart[];
      /** The workspace as the step left it (a tree manifest). */
      readonly snapshot?: Digest;
    }
  /** A cell that is an approval asks people, and waits without a worker. Everything that may be asked about it is here. */
  | {
      readonly type: 'approval.requested';
      readonly cell: string;
      readonly job: string;
      readonly message: string | null;
      /** Accounts, or `team/NAME`; empty: everyone who may approve in this repository. */
      readonly approvers: readonly string[];
      readonly count: number;
      /** Accounts of who wrote the change and who asked for the run. */
      readonly authors: readonly string[];
      readonly authorAllowed: boolean;
      readonly form: Readonly<Record<string, AskedField>>;
      readonly openedAtMs: number;
      readonly expiresAtMs: number;
      readonly onExpiry: 'reject' | 'approve';
      readonly binding: ApprovedThing;
      readonly artifacts: readonly {
        readonly name: string;
        readonly version: string;
        readonly digest: Digest;
      }[];
    }
  /** Somebody's answer on its way to the run's owner, in the inbox; its actor is who answers. */
  | {
      readonly type: 'approval.answered';
      /** A cell, or a job of one cell. */
      readonly cell: string;
      readonly decision: 'approve' | 'reject';
      /** Names of their teams, without `team/`. */
      readonly teams: readonly string[];
      readonly answers: Readonly<Record<string, string>>;
      /** A comment, or why not. */
      readonly text: string | null;
      /** What they saw when they answered. */
      readonly binding: ApprovedThing;
    }
  /** Somebody agreed. With `left` 0 it is approved, and the cell ends with the answers as its outputs. */
  | {
      readonly type: 'approval.given';
      readonly cell: string;
      readonly job: string;
      readonly by: string;
      readonly answers: Readonly<Record<string, string>>;
      readonly comment: string | null;
      /** How many more people must agree. */
      readonly left: number;
      readonly sentence: string;
    }
  /** Somebody said no: the cell fails. */
  | {
      readonly type: 'approval.rejected';
      readonly cell: string;
      readonly job: string;
      readonly by: string;
      readonly reason: string;
    }
  /** Too few people answered in time: it is what the request says for that. */
  | {
      readonly type: 'approval.expired';
      readonly cell: string;
      readonly job: string;
      readonly result: 'reject' | 'approve';
      readonly sentence: string;
    }
  /** An answer that does not count; `code` says why in one word, such as `author`. */
  | {
      readonly type: 'approval.refused';
      readonly cell: string;
      readonly by: string;
      readonly code: string;
      readonly sentence: string;
    }
  /** A cell is over. With `retry` set, a further attempt follows. */
  | {
      readonly type: 'cell.finished';
      readonly cell: string;
      readonly job: string;
      readonly attempt: number;
      readonly outcome: CellOutcome;
      readonly cause: Cause | null;
      /** The step that decided the outcome. */
      readonly step: string | null;
      readonly durationMs: number;
      readonly outputs: Readonly<Record<string, string>>;
      /** The last lines that matter, masked; at most 20. */
      readonly tail: readonly string[];
      readonly retry: { readonly afterMs: number; readonly sentence: string } | null;
      readonly extras?: CellExtras;
    }
  /** The run is over, with exactly one outcome. */
  | {
      readonly type: 'run.finished';
      readonly outcome: RunOutcome;
      readonly sentence: string;
      readonly durationMs: number;
      readonly pipeline: string;
      /** Mean duration of a succeeded cell of each job: what later runs expect. */
      readonly cellMs: Readonly<Record<string, number>>;
    };
