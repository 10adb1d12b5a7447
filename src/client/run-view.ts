import type { Trust } from '../journal/event.ts';
import type {
  Annotation,
  CancelTarget,
  Cause,
  CellExtras,
  CellOutcome,
  Reason,
  RunEvent,
  RunOutcome,
  RunSource,
  StepOutcome,
  StepPart,
  WorkUse,
} from '../journal/run-event.ts';

/** What faces show of a run: a fold over its events, nothing else. */
export interface RunView {
  readonly runId: string;
  readonly pipeline: string;
  readonly file: string;
  readonly source: RunSource;
  readonly event: string;
  readonly trust: Trust;
  /** Why it is that; null: nothing speaks against it. */
  readonly trustReason: string | null;
  readonly requestedAtMs: number;
  /** Time of the newest event. */
  readonly atMs: number;
  readonly state: 'waiting' | 'running' | 'cancelling' | 'finished';
  readonly waitingFor: string | null;
  readonly outcome: RunOutcome | null;
  readonly sentence: string | null;
  readonly durationMs: number | null;
  readonly owner: string | null;
  readonly resumes: number;
  readonly rerunOf: string | null;
  readonly warnings: readonly string[];
  /** Who asked for what to be stopped, in the order of the journal. */
  readonly cancels: readonly CancelView[];
  readonly stages: readonly StageView[];
}

export interface CancelView {
  readonly target: CancelTarget;
  readonly by: string;
  readonly reason: string;
  readonly atMs: number;
}

export interface StageView {
  readonly name: string;
  readonly jobs: readonly JobView[];
}

export interface JobView {
  readonly id: string;
  readonly needs: readonly string[];
  /** Names of what runs beside its steps. */
  readonly services: readonly string[];
  /** From earlier runs; null when nothing is known. */
  readonly expectedMs: number | null;
  /** Why its condition held; null before that was decided. */
  readonly reason: Reason | null;
  /** null while the matrix is not known. */
  readonly cells: readonly CellView[] | null;
}

export interface CellView {
  readonly name: string;
  /** `asked`: waits for people. */
  readonly state: 'waiting' | 'queued' | 'asked' | 'running' | 'finished';
  readonly outcome: CellOutcome | null;
  /** Counts from 1; 0 before the first. */
  readonly attempt: number;
  /** The attempts before this one. */
  readonly earlier: readonly AttemptView[];
  /** Why it was skipped, waits, or is tried again. */
  readonly reason: Reason | null;
  readonly cause: Cause | null;
  readonly failedStep: string | null;
  readonly startedAtMs: number | null;
  readonly durationMs: number | null;
  readonly outputs: Readonly<Record<string, string>>;
  readonly tail: readonly string[];
  /** Taken over from the run that this one repeats. */
  readonly reused: boolean;
  /** What its last attempt did besides its steps: artifacts kept, caches used, work skipped. */
  readonly extras: CellExtras;
  /** Of an approval, from the moment it is asked for; null for others. */
  readonly approval: ApprovalView | null;
  readonly steps: readonly StepView[];
}

/** What people are asked, and what they answered. */
export interface ApprovalView
  extends Omit<Extract<RunEvent, { type: 'approval.requested' }>, 'type' | 'cell' | 'job'> {
  readonly answers: readonly ApprovalAnswerView[];
  /** How it stands: "approved by ada; waits for 1 more approval". */
  readonly sentence: string;
}

export interface ApprovalAnswerView {
  readonly by: string;
  readonly decision: 'approve' | 'reject';
  readonly atMs: number;
  readonly answers: Readonly<Record<string, string>>;
  /** A comment, or why not. */
  readonly text: string | null;
}

export interface AttemptView {
  readonly attempt: number;
  readonly outcome: CellOutcome;
  readonly cause: Cause | null;
  readonly step: string | null;
  readonly durationMs: number;
  /** Why it was tried again. */
  readonly sentence: string;
}

export interface StepView {
  readonly id: string;
  readonly name: string;
  readonly cleanup: boolean;
  /** How often it was started in this attempt of its cell; 0 before the first time. */
  readonly tries: number;
  readonly state: 'waiting' | 'running' | 'finished';
  readonly outcome: StepOutcome | null;
  readonly cause: Cause | null;
  readonly reason: Reason | null;
  readonly startedAtMs: number | null;
  readonly durationMs: number | null;
  readonly logLines: number;
  /** Of the action that it performed; empty for others. */
  readonly parts: readonly StepPart[];
  /** Whether its work was skipped; null where it does not declare what it reads and makes. */
  readonly work: WorkUse | null;
  /** What it wants to be seen. */
  readonly annotations: readonly Annotation[];
}
