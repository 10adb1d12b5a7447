/**
 * A deployment as plain data: everything that will be done, in order, and the way back, known before the first change. It can be
 * printed, compared and kept in the journal. Nothing here acts.
 */
export interface DeploymentPlan {
  readonly schemaVersion: 1;
  readonly service: string;
  readonly environment: string;
  /** Digests: what is brought, and what runs now; null for a first release. */
  readonly candidate: string;
  readonly stable: string | null;
  readonly strategy: Strategy['type'];
  readonly steps: readonly DeploymentStep[];
  readonly wayBack: WayBack;
  /** Sum of what the steps are expected to take. */
  readonly expectedMs: number;
  /** What a person should know before it begins; sentences without a full stop. */
  readonly notes: readonly string[];
}

/** Which of the two versions a step is about. */
export type Version = 'candidate' | 'stable';

/** When a step fails or its deadline passes, the way back begins. Each can be done again without harm. */
export interface DeploymentStep {
  /** Unique within its plan; stable, as journal and receipts name it. */
  readonly id: string;
  readonly title: string;
  readonly action: StepAction;
  readonly expectedMs: number;
  /** From the step's beginning; always more than `expectedMs`. */
  readonly deadlineMs: number;
  /** How often it is tried again before it counts as failed. */
  readonly retries: number;
}

export type StepAction =
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
  /** All traffic on the candidate. Nothing is left to compare with: health and limits decide. */
  | { readonly type: 'bake'; readonly durationMs: number }
  /** Let requests end; new ones go elsewhere. */
  | { readonly type: 'drain'; readonly version: Version }
  | { readonly type: 'stop'; readonly version: Version; readonly hosts: readonly string[] };

/** What a step needs to go on. */
export interface Observation {
  /** Canary requests at its own weight. */
  readonly sampleMin: number;
  /** `proven`: it may end early when safe is proven. */
  readonly advance: 'timed' | 'proven';
  readonly onUndecided: 'hold' | 'proceed' | 'rollback';
  readonly onNoData: 'hold' | 'proceed' | 'rollback';
}

/** How it goes back. Both ways can be begun at any step, and done again. */
export interface WayBack {
  /** While the stable version still runs: the traffic first, then the candidate's end. null when it never runs beside it. */
  readonly warm: readonly DeploymentStep[] | null;
  /** When the stable version was stopped: it is started too. null when there is none. */
  readonly cold: readonly DeploymentStep[] | null;
}

/** How a new version takes over, with every default filled in. */
export type Strategy =
  | ({
      readonly type: 'canary';
      /** Percent, ascending to 100. */
      readonly weights: readonly number[];
      readonly observeMs: number;
    } & Observation)
  | { readonly type: 'blue_green' }
  | {
      readonly type: 'rolling';
      readonly batch: { readonly unit: 'hosts' | 'percent'; readonly value: number };
      /** Hosts in a row that may fail before it goes back. */
      readonly failuresMax: number;
    }
  | { readonly type: 'recreate' };

/** A release and where it goes. */
export interface ReleaseRequest {
  readonly service: string;
  readonly environment: string;
  readonly candidate: string;
  /** What runs now; null for the first release of a service. */
  readonly stable: { readonly digest: string; readonly isHealthy: boolean } | null;
  /** At least one; names differ. */
  readonly hosts: readonly string[];
  readonly strategy: Strategy;
  /** How long the stable version stays warm at the end. */
  readonly bakeMs: number;
  /** What starting and becoming healthy took last time, or is taken to take. */
  readonly startMs: number;
  readonly healthyMs: number;
  /** Longest time for open requests to end. */
  readonly drainMs: number;
}
