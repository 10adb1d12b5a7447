import type { EnvironmentDefinition } from '../../pipeline/plan-environment.ts';
import type { ServiceDefinition } from '../../pipeline/plan-service.ts';
import type { DeployAsk } from './contract.ts';

const NO_STRATEGY = {
  weights: null,
  observeMs: null,
  batch: null,
  failuresMax: null,
  bakeMs: null,
  advance: null,
  minSample: null,
  onUndecided: null,
  onNoData: null,
  sticky: null,
  match: [],
};

/** A service with the strategy that was asked for: that is part of what is deployed, since places depend on it too. */
export function withStrategy(
  service: ServiceDefinition,
  environment: EnvironmentDefinition,
  asked: DeployAsk['strategy'],
): ServiceDefinition {
  if (asked === null) return service;
  const configured = service.strategy ?? environment.strategy;
  const { place } = service;
  // What is asked for but not said leaves what is configured.
  const said = Object.fromEntries(
    Object.entries(asked).filter(
      ([, value]) => value !== null && !(Array.isArray(value) && value.length === 0),
    ),
  );
  return { ...service, strategy: { ...NO_STRATEGY, type: 'rolling', place, ...configured, ...said } };
}

/** An environment with what the person's own environment says where nothing is configured. */
export function withOtherwise(
  environment: EnvironmentDefinition,
  { strategy, rollback, automatic }: DeployAsk['otherwise'],
): EnvironmentDefinition {
  const { place } = environment;
  const noRollback = {
    strategy: null,
    automatic: null,
    only: [],
    timeoutMs: null,
    retries: null,
    onIrreversible: null,
    place,
  };
  const given = environment.rollback ?? noRollback;
  return {
    ...environment,
    strategy: environment.strategy ?? (strategy === null ? null : { ...NO_STRATEGY, type: strategy, place }),
    rollback:
      rollback === null && automatic === null
        ? environment.rollback
        : { ...given, strategy: given.strategy ?? rollback, automatic: given.automatic ?? automatic },
  };
}
