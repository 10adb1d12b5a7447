import type { JsonObject } from '../../base/json.ts';
import type {
  BackRoute,
  DeploymentEvent,
  DeploymentOutcome,
  JudgedAs,
  RollbackTrigger,
  Way,
} from '../../journal/deployment-event.ts';
import type { JudgeState } from '../analysis/judge.ts';
import type { BackPlan, DeploymentPlan, DeploymentStep, StepAction } from '../plan.ts';
import type { Phase } from './transition.ts';

export type DeploymentRequested = Extract<DeploymentEvent, { type: 'deployment.requested' }>;

/** The state of one deployment: a fold over its events (apply.ts). Immutable. */
export interface DeploymentState {
  /** Without its plan, which stands beside it. */
  readonly request: Omit<DeploymentRequested, 'plan'>;
  readonly plan: DeploymentPlan;
  readonly requestedAtMs: number;
  readonly phase: Phase;
  /** Grows with each new deadline: a timer of an earlier one says nothing. */
  readonly epoch: number;
  /** When the present deadline began to run. */
  readonly sinceMs: number;
  readonly owner: string | null;
  /** Token of the environment's lease; null: the present owner does not have it (again) yet, and may change nothing. */
  readonly token: number | null;
  readonly approvedBy: readonly string[];
  readonly isOverridden: boolean;
  /** What `deployment.waiting` said last. */
  readonly waitingFor: string | null;
  readonly behind: readonly string[];
  /** When the first step began; null: nothing was changed yet. */
  readonly startedAtMs: number | null;
  /** The route back that is gone; null: it goes forth. */
  readonly route: BackRoute | null;
  readonly rollback: {
    readonly trigger: RollbackTrigger;
    readonly reason: string;
    readonly atMs: number;
    readonly route: BackRoute;
    /** What was done when it turned round; null: nothing, or the place refused it. */
    readonly during: StepAction | null;
  } | null;
  /** Index in the list of the present way; -1: none was begun. */
  readonly step: number;
  readonly attempt: number;
  /** How often the world was asked for the present attempt. */
  readonly probes: number;
  /** An effect without a receipt. */
  readonly intent: Intent | null;
  /** Of the last intent. */
  readonly order: number;
  /** The place refused the last effect, or was stopped in the middle of it: that says nothing of the candidate. */
  readonly isPlaceAtFault: boolean;
  /** Of the traffic, as the router last confirmed. */
  readonly candidatePercent: number;
  readonly judge: JudgeState | null;
  readonly watch: Watch;
  /** Number of the last look at the evidence, and how long was looked in all. */
  readonly looks: number;
  readonly evidenceMs: number;
  /** What steps found out. */
  readonly outputs: JsonObject;
  /** What was begun, and so may have been done. */
  readonly begun: {
    readonly candidate: boolean;
    readonly stableEnd: boolean;
    readonly dataUp: boolean;
    readonly dataDown: boolean;
  };
  readonly data: 'unchanged' | 'changed' | 'taken-back' | 'unknown';
  readonly isBaked: boolean;
  /** A person took responsibility for going on: evidence does not end it any more. */
  readonly isOverruled: boolean;
  readonly asked: { readonly trigger: RollbackTrigger; readonly reason: string } | null;
  readonly warnings: number;
  readonly outcome: DeploymentOutcome | null;
}

/** An effect that was asked for. */
export interface Intent {
  readonly key: string;
  readonly way: Way;
  readonly step: string;
  readonly startedAtMs: number;
}

/** What the present observation or bake has seen. */
export interface Watch {
  readonly coveredMs: number;
  /** Windows that could be judged. */
  readonly windows: number;
  readonly verdict: JudgedAs;
  readonly reason: string;
}

export const NO_WATCH: Watch = {
  coveredMs: 0,
  windows: 0,
  verdict: 'no-data',
  reason: 'no window has come yet',
};

/** The way that is gone. */
export function wayOf(state: DeploymentState): Way {
  return state.route === null ? 'forth' : 'back';
}

/** The steps of the way that is gone. */
export function stepsOf({ plan, route }: DeploymentState): readonly DeploymentStep[] {
  return route === null ? plan.steps : (routePlan(plan, route)?.steps ?? []);
}

/** A route of the way back; null when the plan has none. */
export function routePlan({ wayBack }: DeploymentPlan, route: BackRoute): BackPlan | null {
  return wayBack[route];
}

/** The step that is done or waited for; null before the first. */
export function presentStep(state: DeploymentState): DeploymentStep | null {
  return stepsOf(state)[state.step] ?? null;
}

/** The name under which target and router know an effect: the same for as long as it is the same attempt. */
export function keyOf(state: DeploymentState, step: DeploymentStep, attempt: number): string {
  const way = state.route ?? 'forth';
  return `${state.request.deploymentId}/${way}/${step.id}/${attempt}`;
}
