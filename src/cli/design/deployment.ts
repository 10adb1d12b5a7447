import type { Plan } from '../../pipeline/plan.ts';
import type { AnalysisDefinition, StandardCheck } from '../../pipeline/plan-analysis.ts';
import type { EnvironmentDefinition } from '../../pipeline/plan-environment.ts';
import type { StrategyType } from '../../pipeline/plan-strategy.ts';

export interface DeploymentDesign {
  readonly environment: string;
  readonly type: EnvironmentDefinition['type'] | null;
  readonly service: string | null;
  readonly strategy: StrategyType;
  /** null: nobody says otherwise, and it is the default. */
  readonly chosenBy: 'the stage' | 'the service' | 'the environment' | null;
  readonly course: string;
  readonly risk: string;
  readonly downtime: string;
  readonly cost: string;
  readonly rollback: {
    readonly automatic: boolean;
    readonly triggers: readonly string[];
    readonly command: string;
    /** The most that one step of the way back may take; null: the default. */
    readonly timeoutMs: number | null;
  };
}

/** What each strategy is good for, and what it costs. */
const STRATEGIES: Readonly<
  Record<StrategyType, { course: string; risk: string; downtime: string; cost: string }>
> = {
  canary: {
    course: 'a growing share of the traffic, each step watched',
    risk: 'low: harm is seen on a small share first, and taken back',
    downtime: 'none',
    cost: '1.1x while it goes out',
  },
  blue_green: {
    course: 'a second copy, and one switch of all traffic',
    risk: 'medium: all traffic at once, with an instant way back',
    downtime: 'none',
    cost: '2x while it goes out',
  },
  rolling: {
    course: 'some instances after the others',
    risk: 'medium: both versions serve, and a bad one reaches its share before it is seen',
    downtime: 'none',
    cost: '1x',
  },
  recreate: {
    course: 'the old version stops, then the new one starts',
    risk: 'high: nothing serves in between',
    downtime: 'as long as a start takes',
    cost: '1x',
  },
};

const STRATEGY_DEFAULT = 'rolling';
const STANDARD: Readonly<Record<StandardCheck, string>> = {
  error_rate: 'error rate > 1 %',
  latency: 'P95 latency > 3x of the version before',
  health_failures: 'failed health checks > 10 %',
  resources: 'memory or processors > 90 %',
};

/** Where the plan deploys: its stages that do, and environments that only `sluice deploy` goes to. */
export function deploymentsOf(plan: Plan): DeploymentDesign[] {
  const asked = plan.jobs.flatMap(({ deploy }) => (deploy ? [deploy] : []));
  const named = new Set(asked.map(({ environment }) => environment));
  const others = plan.environments
    .filter(({ name }) => !named.has(name))
    .map(({ name }) => ({ environment: name, strategy: null, service: null }));
  return [...asked, ...others].map(({ environment: name, strategy: own, service: wanted }) => {
    const environment = plan.environments.find((one) => one.name === name) ?? null;
    const service =
      plan.services.find((one) => one.name === wanted) ??
      (plan.services.length === 1 ? plan.services[0]! : null);
    const strategy = own ?? service?.strategy ?? environment?.strategy ?? null;
    const type = strategy?.type ?? STRATEGY_DEFAULT;
    const { course, ...traits } = STRATEGIES[type];
    const rollback = service?.rollback ?? environment?.rollback ?? null;
    const ending = service === null || plan.services.length === 1 ? '' : ` --service ${service.name}`;
    return {
      environment: name,
      type: environment?.type ?? null,
      service: service?.name ?? null,
      strategy: type,
      chosenBy: own ? 'the stage' : service?.strategy ? 'the service' : strategy ? 'the environment' : null,
      course: strategy?.weights ? `${course} (${strategy.weights.join(', ')} %)` : course,
      ...traits,
      rollback: {
        automatic: rollback?.automatic ?? true,
        triggers: triggersOf(service?.analysis ?? environment?.analysis ?? null),
        command: `sluice rollback ${name}${ending}`,
        timeoutMs: rollback?.timeoutMs ?? null,
      },
    };
  });
}

/** The standard checks that hold, with the user's limits, and his own checks and alarms. */
function triggersOf(analysis: AnalysisDefinition | null): string[] {
  const checks = analysis?.checks ?? [];
  const standard = (Object.keys(STANDARD) as StandardCheck[])
    .filter((check) => !analysis?.off.includes(check) && !checks.some((one) => one.standard === check))
    .map((check) => STANDARD[check]);
  const own = checks.map(({ name, limit, mode }) => {
    const text =
      limit.kind === 'baseline'
        ? `${name} > ${limit.factor}x of the version before`
        : `${name} ${limit.kind === 'at_most' ? '>' : '<'} ${limit.value}`;
    return mode === 'observe' ? `${text} (shown only)` : text;
  });
  return [...standard, ...own, ...(analysis?.triggers ?? []).map(({ name }) => `alarm ${name}`)];
}
