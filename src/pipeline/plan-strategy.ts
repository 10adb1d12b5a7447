import type { Place } from '../base/diagnostic.ts';

export type StrategyType = 'rolling' | 'blue_green' | 'canary' | 'recreate';

/**
 * How a new version takes over. null means "not said": what the service, then the environment says holds, and then the
 * default of the delivery room.
 */
export interface StrategyDefinition {
  readonly type: StrategyType;
  /** Canary: percent of traffic at each step, ascending to 100. */
  readonly weights: readonly number[] | null;
  /** Canary: how long each step is watched. */
  readonly observeMs: number | null;
  /** Rolling: how much at a time. */
  readonly batch: { readonly unit: 'hosts' | 'percent'; readonly value: number } | null;
  /** Rolling: failed hosts in a row after which it goes back. */
  readonly failuresMax: number | null;
  /** How long the old version stays warm at the end. */
  readonly bakeMs: number | null;
  readonly advance: 'timed' | 'proven' | null;
  readonly minSample: number | null;
  readonly onUndecided: 'hold' | 'proceed' | 'rollback' | null;
  readonly onNoData: 'hold' | 'proceed' | 'rollback' | null;
  /** A visitor stays on one version. */
  readonly sticky: boolean | null;
  /** Requests that always get the new version while it is going out: any one of these is enough. */
  readonly match: readonly TrafficMatch[];
  readonly place: Place;
}

export interface TrafficMatch {
  readonly kind: 'header' | 'cookie';
  readonly name: string;
  readonly value: string;
}

export type RollbackStrategy = 'immediate' | 'rolling' | 'blue_green' | 'canary' | 'manual' | 'partial';

/** How it goes back. null means "not said". */
export interface RollbackDefinition {
  readonly strategy: RollbackStrategy | null;
  /** Goes back by itself when a trigger says so. */
  readonly automatic: boolean | null;
  /** `partial`: only these hosts or services. */
  readonly only: readonly string[];
  /** Of each step of the way back. */
  readonly timeoutMs: number | null;
  readonly retries: number | null;
  /** What happens when a migration cannot be taken back. */
  readonly onIrreversible: 'revert' | 'freeze' | 'roll_forward' | null;
  readonly place: Place;
}
