import type { RollbackStrategy, StrategyType, TrafficMatch } from '../../pipeline/plan-strategy.ts';
import type { Observation } from '../plan.ts';
import type { ReleaseRequest } from '../release-request.ts';
import {
  BAKE_DEFAULT_MS,
  BATCH_DEFAULT,
  DRAIN_DEFAULT_MS,
  HEALTHY_DEFAULT_MS,
  OBSERVE_DEFAULT_MS,
  SAMPLE_MIN_DEFAULT,
  START_DEFAULT_MS,
  STRATEGY_DEFAULT,
  WEIGHTS_DEFAULT,
} from './default.ts';

/** How a new version takes over here, with nothing left open. */
export interface Settled {
  readonly type: StrategyType;
  /** Ascending to 100. */
  readonly weights: readonly number[];
  readonly observeMs: number;
  readonly observation: Observation;
  readonly batch: { readonly unit: 'hosts' | 'percent'; readonly value: number };
  readonly failuresMax: number;
  readonly bakeMs: number;
  readonly sticky: boolean;
  readonly match: readonly TrafficMatch[];
  readonly rollback: {
    readonly strategy: RollbackStrategy;
    readonly automatic: boolean;
    readonly only: readonly string[];
    readonly timeoutMs: number | null;
    readonly retries: number | null;
    readonly onIrreversible: 'revert' | 'freeze' | 'roll_forward';
  };
  /** At least one; names differ. */
  readonly hosts: readonly string[];
  readonly startMs: number;
  readonly healthyMs: number;
  readonly drainMs: number;
  /** Production: what is not proven at its deadline goes back. Elsewhere it goes on, and that is said. */
  readonly isStrict: boolean;
}

/** What was asked for goes before the service's own word, that before the environment's, and that before the default. */
export function settle(request: ReleaseRequest): Settled {
  const { service, environment, observed } = request;
  const strategies = [request.strategy, service.strategy, environment.strategy].filter((one) => one !== null);
  const rollbacks = [request.rollback, service.rollback, environment.rollback].filter((one) => one !== null);
  const type = said(strategies, 'type') ?? STRATEGY_DEFAULT;
  const sample = said(strategies, 'minSample') ?? SAMPLE_MIN_DEFAULT;
  const checks = [...(service.analysis?.checks ?? []), ...(environment.analysis?.checks ?? [])];
  return {
    type,
    weights: said(strategies, 'weights') ?? WEIGHTS_DEFAULT,
    observeMs: said(strategies, 'observeMs') ?? OBSERVE_DEFAULT_MS,
    observation: {
      sampleMin: Math.max(1, sample, ...checks.map(({ minSample }) => minSample ?? 0)),
      advance: said(strategies, 'advance') ?? 'timed',
      onUndecided: said(strategies, 'onUndecided') ?? 'hold',
      onNoData: said(strategies, 'onNoData') ?? 'hold',
    },
    batch: said(strategies, 'batch') ?? BATCH_DEFAULT,
    failuresMax: said(strategies, 'failuresMax') ?? 0,
    bakeMs: said(strategies, 'bakeMs') ?? BAKE_DEFAULT_MS,
    sticky: said(strategies, 'sticky') ?? false,
    match: strategies.find(({ match }) => match && match.length > 0)?.match ?? [],
    rollback: {
      strategy: said(rollbacks, 'strategy') ?? 'immediate',
      automatic: said(rollbacks, 'automatic') ?? true,
      only: rollbacks.find(({ only }) => only && only.length > 0)?.only ?? [],
      timeoutMs: said(rollbacks, 'timeoutMs') ?? null,
      retries: said(rollbacks, 'retries') ?? null,
      onIrreversible: said(rollbacks, 'onIrreversible') ?? 'freeze',
    },
    hosts: environment.hosts.length > 0 ? environment.hosts.map(({ host }) => host) : ['localhost'],
    startMs: observed.startMs ?? START_DEFAULT_MS,
    healthyMs: observed.healthyMs ?? HEALTHY_DEFAULT_MS,
    drainMs: service.drainTimeoutMs ?? DRAIN_DEFAULT_MS,
    isStrict: environment.type === 'production',
  };
}

function said<T extends object, K extends keyof T>(sources: readonly T[], key: K): NonNullable<T[K]> | null {
  for (const source of sources) {
    const value = source[key];
    if (value !== null && value !== undefined) return value;
  }
  return null;
}
