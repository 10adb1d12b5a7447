import type { DeployFreeze, DeployWindow, EnvironmentType } from '../pipeline/plan-environment.ts';
import type { HealthCheck } from '../pipeline/plan-health-check.ts';
import type { RollbackStrategy, StrategyType, TrafficMatch } from '../pipeline/plan-strategy.ts';
import type { AnalysisPlan } from './analysis-plan.ts';

/**
 * A deployment as plain data: everything that will be done, in order, and the way back, known before the first change. It can be
 * printed, compared and kept in the journal. Nothing here acts.
 */
export interface DeploymentPlan {
  readonly schemaVersion: 1;
  readonly service: string;
  readonly environment: string;
  readonly environmentType: EnvironmentType;
  /** Digests: what is brought, and what runs now; null for a first release. */
  readonly candidate: string;
  readonly stable: string | null;
  readonly strategy: StrategyType;
  /** Why it may not be done at all; each a sentence without a full stop. A plan with any is not begun. */
  readonly refusals: readonly string[];
  readonly admission: Admission;
  readonly routing: { readonly sticky: boolean; readonly match: readonly TrafficMatch[] };
  readonly healthChecks: readonly HealthCheck[];
  /** null: only health and smoke tests decide. */
  readonly analysis: AnalysisPlan | null;
  readonly steps: readonly DeploymentStep[];
  readonly wayBack: WayBack;
  /** Sum of what the steps are expected to take. */
  readonly expectedMs: number;
  /** From the first step; then it goes back. */
  readonly deadlineMs: number;
  /** By when evidence speaks, at the request rate that was observed. null: nothing is known of the traffic. */
  readonly foresight: Foresight | null;
  /** What a person should know before it begins; sentences without a full stop. */
  readonly notes: readonly string[];
}

/** What must be true before the first step. */
export interface Admission {
  /** How many different people must agree. */
  readonly approvals: number;
  /** Accounts, or `team/NAME`. Empty: everyone who may approve. */
  readonly approvers: readonly string[];
  readonly authorAllowed: boolean;
  readonly author: string | null;
  readonly windows: readonly DeployWindow[];
  readonly freezes: readonly DeployFreeze[];
  /** How long it may wait for the environment, and then for people and windows together. */
  readonly queueMs: number;
  readonly permissionMs: number;
}

/** Which of the two versions a step is about. */
export type Version = 'candidate' | 'stable';

/** When a step fails or its deadline passes, the way back begins. Each can be done again without harm, or is asked for first. */
export interface DeploymentStep {
  /** Unique within its plan; stable, as journal and receipts name it. */
  readonly id: string;
  readonly title: string;
  readonly action: StepAction;
  readonly expectedMs: number;
  /** From the step's beginning, with all attempts; always more than `expectedMs`. */
  readonly deadlineMs: number;
  /** Of one attempt. */
  readonly timeoutMs: number;
  /** How often it is tried again before it counts as failed. */
  readonly retries: number;
  /** `note`: it is shown, and the deployment goes on. */
  readonly onFailure: 'rollback' | 'note';
}

export type StepAction =
  /** Look whether what goes back is really there: the stable version's artifact, its configuration, its place on the target. */
  | { readonly type: 'check-way-back' }
  /** Fix the thresholds of latency from what the stable version does now; they are outputs of the step. */
  | { readonly type: 'freeze-quantiles' }
  /** Run a command. It may be none that can be done twice: after a crash its receipt is asked for. */
  | {
      readonly type: 'command';
      readonly purpose: CommandPurpose;
      readonly name: string;
      /** Template that sees `deploy`. */
      readonly run: string;
      /** Whose artifact it runs in. */
      readonly version: Version;
    }
  /** Bring a version to hosts and start it; it gets no traffic by that. */
  | { readonly type: 'start'; readonly version: Version; readonly hosts: readonly string[] }
  /** Wait until the health checks of a version pass there. At most `failuresMax` hosts in a row may not get there. */
  | {
      readonly type: 'await-healthy';
      readonly version: Version;
      readonly hosts: readonly string[];
      readonly failuresMax: number;
    }
  /** Percent of the traffic for the candidate; the stable version gets the rest. */
  | { readonly type: 'set-weight'; readonly candidatePercent: number }
  /** Judge both versions for a time. */
  | ({ readonly type: 'observe'; readonly durationMs: number } & Observation)
  /** All traffic on the candidate, what ran before stays warm. Health and limits decide: nothing is left to compare with. */
  | {
      readonly type: 'bake';
      readonly durationMs: number;
      readonly onNoData: OnDoubt;
    }
  /** Let requests end; new ones go elsewhere. */
  | { readonly type: 'drain'; readonly version: Version }
  | { readonly type: 'stop'; readonly version: Version; readonly hosts: readonly string[] };

export type CommandPurpose = 'before-hook' | 'after-hook' | 'smoke-test' | 'migration-up' | 'migration-down';

export type OnDoubt = 'hold' | 'proceed' | 'rollback';

/** What a step needs to go on. */
export interface Observation {
  /** Canary requests at its own weight. */
  readonly sampleMin: number;
  /** `proven`: it may end early when safe is proven. */
  readonly advance: 'timed' | 'proven';
  readonly onUndecided: OnDoubt;
  readonly onNoData: OnDoubt;
}

/** How it goes back. Every route can be begun at any step, and done again. */
export interface WayBack {
  readonly strategy: RollbackStrategy;
  /** Whether it goes back by itself; otherwise a person is asked, for `decisionMs` at most, and then it does. */
  readonly automatic: boolean;
  readonly decisionMs: number;
  /** While the stable version still runs: the traffic first, then the candidate's end. null when it never runs beside it. */
  readonly warm: BackPlan | null;
  /** When the stable version was stopped: it is started first. For a first release: the candidate ends. */
  readonly cold: BackPlan;
  /** `partial`, once the candidate has all the traffic: only the hosts of `only` go back. Before that everything does. */
  readonly part: BackPlan | null;
  /** When data were changed so that the stable version cannot run on them: they are taken back first. null: they cannot be. */
  readonly data: BackPlan | null;
  /** Whether the stable version cannot run on the changed data. */
  readonly dataBreaks: boolean;
  /** What happens when data cannot be taken back. */
  readonly onIrreversible: 'revert' | 'freeze' | 'roll_forward';
  /** Of the whole way; then a person must act. */
  readonly deadlineMs: number;
  /** Hosts that go back; the others keep the candidate. Empty: all. */
  readonly only: readonly string[];
}

export interface BackPlan {
  readonly steps: readonly DeploymentStep[];
  readonly expectedMs: number;
}

/** What can be known beforehand about how soon evidence speaks. */
export interface Foresight {
  readonly requestsPerSecond: number;
  readonly baselineRate: number;
  readonly steps: readonly ForeseenStep[];
}

export interface ForeseenStep {
  readonly candidatePercent: number;
  /** Canary requests that come in the step's time. */
  readonly requests: number;
  /** How many times worse a candidate must be for this sample to find it with 90 % power; null: it finds none. */
  readonly smallestHarm: number | null;
  /** Half of the candidates that fail 5 % of their requests are found in this time; null: never. */
  readonly timeToVerdictMs: number | null;
}
