import type { EnvironmentDefinition } from '../pipeline/plan-environment.ts';
import type { ServiceDefinition } from '../pipeline/plan-service.ts';
import type { RollbackDefinition, StrategyDefinition } from '../pipeline/plan-strategy.ts';
import type { Dispersion } from './analysis/dispersion.ts';

/** A release, where it goes, and what was observed there: all that a plan is made from. */
export interface ReleaseRequest {
  readonly service: ServiceDefinition;
  readonly environment: EnvironmentDefinition;
  /** Digest of what is brought. */
  readonly candidate: string;
  /** What runs now; null for the first release of a service. */
  readonly stable: {
    readonly digest: string;
    readonly isHealthy: boolean;
    /** It is what people go back from, healthy or not: nothing is compared with it. */
    readonly isToGo?: boolean;
  } | null;
  /** Account of whoever made the change; null: not known. */
  readonly author: string | null;
  /** Asked for with this deployment, over what is configured. null: nothing. */
  readonly strategy: Partial<StrategyDefinition> | null;
  readonly rollback: Partial<RollbackDefinition> | null;
  readonly observed: ObservedFacts;
}

/** What is known about the service in this environment. null: not known. */
export interface ObservedFacts {
  /** What starting and becoming healthy took last time. */
  readonly startMs: number | null;
  readonly healthyMs: number | null;
  /** Of all versions together, and the part of them that failed. */
  readonly requestsPerSecond: number | null;
  readonly errorRate: number | null;
  /** What A/A windows taught, by metric. */
  readonly dispersion: Readonly<Record<string, Dispersion>>;
  /** What target, router and source can measure here. */
  readonly measurable: readonly Measurable[];
  /** Why the digest is in quarantine; null: it is not. */
  readonly quarantine: string | null;
}

/** `requests`: counts of requests and errors. */
export const MEASURABLE = ['requests', 'latency', 'health', 'resources'] as const;
export type Measurable = (typeof MEASURABLE)[number];
