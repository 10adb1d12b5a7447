import type { ReleaseOrigin } from '../../delivery/definition.ts';
import type { Phase } from '../../delivery/machine/transition.ts';
import type { DeploymentPlan, DeploymentStep } from '../../delivery/plan.ts';
import type {
  BackRoute,
  DeploymentBinding,
  DeploymentOutcome,
  EvidenceFigures,
  JudgedAs,
  RollbackTrigger,
} from '../../journal/deployment-event.ts';

export type {
  BackRoute,
  DeploymentOutcome,
  DeploymentPlan,
  DeploymentStep,
  EvidenceFigures,
  JudgedAs,
  Phase,
  ReleaseOrigin,
  RollbackTrigger,
};

/** What faces show of a deployment: a fold over its events, nothing else. */
export interface DeploymentView {
  readonly deploymentId: string;
  readonly kind: 'release' | 'rollback';
  readonly service: string;
  readonly environment: string;
  /** Digests; `stable` null for a first release. */
  readonly candidate: string;
  readonly stable: string | null;
  /** What people call the candidate: its version, else the beginning of its digest. */
  readonly version: string;
  /** Where its content comes from; null when that was not recorded. */
  readonly release: ReleaseOrigin | null;
  readonly commit: string | null;
  readonly branch: string | null;
  readonly repository: string | null;
  readonly by: string;
  readonly reason: string | null;
  readonly plan: DeploymentPlan;
  readonly binding: DeploymentBinding;
  readonly requestedAtMs: number;
  /** When the first step began; null: nothing was changed yet. */
  readonly startedAtMs: number | null;
  /** Time of the newest event. */
  readonly atMs: number;
  readonly phase: Phase;
  readonly outcome: DeploymentOutcome | null;
  readonly sentence: string | null;
  readonly durationMs: number | null;
  /** What serves now that it is over; null: nothing, or it is not over. */
  readonly serving: string | null;
  /** With any, `serving` serves there only. */
  readonly partly: readonly string[];
  readonly data: 'unchanged' | 'changed' | 'taken-back' | 'unknown';
  readonly owner: string | null;
  /** Of the traffic, as the router last confirmed. */
  readonly candidatePercent: number;
  /** The steps of the plan. */
  readonly forth: readonly DeployStepView[];
  /** The steps of the way back that is gone; empty when it does not go back. */
  readonly back: readonly DeployStepView[];
  readonly rollback: RollbackView | null;
  /** What people must do before it begins; null: nothing. */
  readonly waiting: WaitingView | null;
  readonly approvals: readonly {
    readonly by: string;
    readonly reason: string | null;
    readonly atMs: number;
  }[];
  /** Deployments that have the environment before it. */
  readonly behind: readonly string[];
  /** It should go back, and a person decides; null: nobody is asked. */
  readonly asked: {
    readonly trigger: RollbackTrigger;
    readonly reason: string;
    readonly untilMs: number;
  } | null;
  /** Why a watched step does not go on although its time is over; null: it does. */
  readonly held: { readonly reason: string; readonly untilMs: number } | null;
  readonly warnings: readonly string[];
  /** What happened, in the order of the journal. */
  readonly story: readonly StoryLine[];
}

export interface DeployStepView {
  readonly id: string;
  readonly title: string;
  readonly action: DeploymentStep['action']['type'];
  readonly state: 'waiting' | 'running' | 'done' | 'failed' | 'skipped';
  /** Counts from 1; 0 before the first. */
  readonly attempt: number;
  readonly startedAtMs: number | null;
  readonly durationMs: number | null;
  readonly expectedMs: number;
  /** Why it failed, was skipped or ended early. */
  readonly reason: string | null;
  /** Of a step that is watched, from its first look on. */
  readonly watch: WatchView | null;
}

/** What a watched step has seen so far. */
export interface WatchView {
  readonly coveredMs: number;
  readonly durationMs: number;
  readonly looks: number;
  readonly verdict: JudgedAs;
  readonly reason: string;
  readonly figures: EvidenceFigures | null;
  /** Requests of the candidate that the step must have seen; 0: health decides. */
  readonly sampleMin: number;
}

export interface RollbackView {
  readonly trigger: RollbackTrigger;
  readonly reason: string;
  readonly by: string | null;
  readonly route: BackRoute;
  readonly fromPercent: number;
  readonly atMs: number;
}

export interface WaitingView {
  readonly approvalsLeft: number;
  /** Why no window is open; null: one is. */
  readonly closed: string | null;
  readonly untilMs: number | null;
}

/** One sentence of the story, without a full stop. */
export interface StoryLine {
  readonly atMs: number;
  readonly tone: 'plain' | 'good' | 'bad' | 'person' | 'evidence';
  readonly text: string;
}
