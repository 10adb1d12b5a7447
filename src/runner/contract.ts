import type { Digest } from '../base/digest.ts';
import type { JsonObject } from '../base/json.ts';
import type { GateResult } from '../gate/result.ts';
import type { WaiverHistory } from '../gate/waiver.ts';
import type { Trust } from '../journal/event.ts';
import type {
  Cause,
  CellExtras,
  CellOutcome,
  KeptArtifact,
  ReportUse,
  RunEvent,
  RunSource,
} from '../journal/run-event.ts';
import type { JobResult } from '../pipeline/expression-context.ts';
import type { PlanJob } from '../pipeline/plan.ts';
import type { GateCondition, Waiver } from '../pipeline/plan-gate.ts';
import type { ReportKind } from '../pipeline/plan-report.ts';

/**
 * All that a runner needs to perform one attempt of one cell: one serialisable message. The runner never reads the store,
 * so it may as well sit on another machine.
 */
export interface JobMessage {
  readonly schemaVersion: 1;
  readonly runId: string;
  readonly cell: string;
  readonly attempt: number;
  readonly trust: Trust;
  readonly job: PlanJob;
  /** null: the job has no matrix. */
  readonly matrix: JsonObject | null;
  /** Of a job of a workflow: fail-fast, max-parallel, job-index, job-total. */
  readonly strategy?: JsonObject;
  readonly needs: Readonly<
    Record<string, { readonly result: JobResult; readonly outputs: Readonly<Record<string, string>> }>
  >;
  /** By job: what the jobs before this one kept. Empty when the job downloads nothing. */
  readonly kept: Readonly<Record<string, readonly KeptArtifact[]>>;
  /** Of a job in a call: its inputs without the text that comes from outside. */
  readonly plainInputs?: JsonObject;
  /** git, event, run, pipeline, inputs, vars: what expressions see besides. */
  readonly contexts: Readonly<Record<'git' | 'event' | 'run' | 'pipeline' | 'inputs' | 'vars', JsonObject>>;
  /** Of the pipeline; the job's and the step's own come over it. Templates. */
  readonly variables: Readonly<Record<string, string>>;
  readonly source: RunSource;
  /** What an earlier owner already sealed of this attempt; the runner goes on behind it. */
  readonly sealed: readonly SealedStep[];
  /** Tries whose intent is in the journal and whose receipt is not: attach to them, or they are lost. */
  readonly unsealed: readonly { readonly step: string; readonly try: number; readonly startedAtMs: number }[];
  /** A resumed attempt: the workspace is kept as it is. */
  readonly resumed: boolean;
  /** When the attempt began, by wall clock; its timeout counts from then on. */
  readonly startedAtMs: number;
  /**
   * The machine has been up since the attempt began. After a restart a file that is not there may have been lost, so that
   * nothing proves that a step never began.
   */
  readonly isSameBoot: boolean;
  /** Only of a job with gates. */
  readonly gating?: Gating;
  /** The work is done although its result may be known: somebody asked for it to be done again. */
  readonly isAnew?: boolean;
}

/** What the gates of a job are judged by, besides what the job itself leaves behind. */
export interface Gating {
  readonly runBeganAtMs: number;
  /** What passes may go to production, where nothing that is missing is let through. */
  readonly leadsToProduction: boolean;
  /** Accounts of who made the change and who asked for the run. */
  readonly authors: readonly string[];
  /** Of the change, as the forge says. */
  readonly labels: readonly string[];
  /** Branches and commits that the change goes to, the best first; empty: nobody said. */
  readonly targets: readonly string[];
  readonly waivers: readonly Waiver[];
  /** When each of them was first seen and last used by this gate. */
  readonly waiverHistory: WaiverHistory;
  /** Every job before this one, near or far, in the order of the plan. */
  readonly before: readonly JobBefore[];
}

/** What gates are asked once more: what a job reported then, judged by conditions of today. */
export interface GateQuestion {
  /** What the gate is called: the id of its job. */
  readonly gate: string;
  readonly conditions: readonly GateCondition[];
  /** Exactly a commit, or nothing is known of what it changes. */
  readonly source: RunSource;
  /** `before`: the jobs whose reports are judged. */
  readonly gating: Gating;
  /** The moment as which it is judged. */
  readonly atMs: number;
}

/** A job that is over, for the gates behind it. */
export interface JobBefore {
  readonly id: string;
  /** The worst of its cells. */
  readonly outcome: CellOutcome;
  /** Of the reports that it declares; null in it: told by the file. */
  readonly kinds: readonly (ReportKind | null)[];
  /** Why this change does not concern it; null: it concerns it. */
  readonly notApplicable: string | null;
  readonly reports: readonly KeptReports[];
  readonly kept: readonly KeptArtifact[];
}

/** What one cell reported. */
export interface KeptReports {
  readonly cell: string;
  readonly reports: readonly ReportUse[];
  /** Where the files are; null when none could be kept. */
  readonly tree: Digest | null;
}

export type StepFinished = Extract<RunEvent, { type: 'step.finished' }>;
export type StepStarted = Extract<RunEvent, { type: 'step.started' }>;
export type SealedStep = StepFinished;

/** How the attempt ended; the engine decides what follows from it. */
export interface JobReport {
  readonly outcome: Exclude<CellOutcome, 'skipped'>;
  readonly cause: Cause | null;
  readonly step: string | null;
  readonly durationMs: number;
  readonly outputs: Readonly<Record<string, string>>;
  readonly tail: readonly string[];
  /** Output patterns of the job's retry policy that were seen. */
  readonly patterns: readonly string[];
  /** What a person should see although it decided nothing: files that changed under the run, a dropped output. */
  readonly warnings?: readonly string[];
  readonly extras?: CellExtras;
}

/** What the runner tells while it works. The promise resolves when the event is durable; intents are awaited, receipts too. */
export type Emit = (event: StepStarted | StepFinished) => Promise<void>;

/** How a running job is told to stop. Cancelling twice is harmless; the first cause counts. */
export interface JobControl {
  /** Called once when the whole job is to stop. */
  onCancel(listener: (cause: Cause) => void): void;
  /** Called when one step is to stop. */
  onCancelStep(listener: (step: string, cause: Cause) => void): void;
}

/** What decides where a run looks for results. */
export interface ReusingRun {
  readonly runId: string;
  readonly source: RunSource;
  readonly trust: Trust;
  /** Of the event. */
  readonly payload: JsonObject;
  /** Name of the pipeline. */
  readonly pipeline: string;
}

export interface Runner {
  /** Performs the attempt. Never rejects for a reason that lies in the job; a rejection is a broken promise of ours. */
  perform(message: JobMessage, emit: Emit, control: JobControl): Promise<JobReport>;
  /**
   * Looks at what the jobs of a run declare to read, so that `reuse` can answer. To be called, where it is there, before the run
   * is accepted, and when some job declares anything. Never rejects.
   */
  prepareReuse?(run: ReusingRun, jobs: readonly PlanJob[]): Promise<void>;
  /**
   * The report of an attempt whose work was done before, when that can be told without waiting. null says nothing: `perform`
   * looks again. Nothing was done and nothing is to be released.
   */
  reuse?(message: JobMessage): JobReport | null;
  /** A run with this source is about to begin: what takes time can begin too. Failures show when a job is performed. */
  prepare(runId: string, source: RunSource): void;
  /**
   * The attempt's report is durable: what was kept for a later owner goes, its workspace too unless that is to be kept.
   * Resolves to the name of what could not be removed, or null. Also for an attempt that an earlier owner performed.
   */
  releaseAttempt(runId: string, cell: string, attempt: number): Promise<string | null>;
  /**
   * Removes what the jobs of a run share, when the run is over. Returns the name of what could not be removed, or null.
   */
  releaseRun(runId: string): Promise<string | null>;
  /**
   * Judges by reports that are kept, and changes nothing. null: some of them are not kept any more. Not there where this runner keeps
   * no reports.
   */
  judge?(question: GateQuestion): Promise<GateResult | null>;
  /** Removes what runs that are over left behind because their owner died. Never rejects for a file that cannot go. */
  tidy(isOver: (runId: string) => Promise<boolean>): Promise<void>;
}
