import type { DeploymentPlan } from '../../../src/delivery/plan.ts';
import { compilePlan } from '../../../src/delivery/strategy/compile.ts';
import type { RollbackStrategy, StrategyType } from '../../../src/pipeline/plan-strategy.ts';
import { aCommand, anEnvironment, aRelease, aService } from '../../support/release.ts';
import type { Seeded } from '../random.ts';

const STRATEGIES: readonly StrategyType[] = ['canary', 'rolling', 'blue_green', 'recreate'];
const WAYS_BACK: readonly RollbackStrategy[] = [
  'immediate',
  'rolling',
  'blue_green',
  'canary',
  'manual',
  'partial',
];

/** A release that is over in some minutes of virtual time. */
export function shortPlan(
  type: StrategyType,
  back: RollbackStrategy,
  more: Parameters<typeof aRelease>[1] = {},
): DeploymentPlan {
  const strategy = { type, weights: [5, 50, 100], observeMs: 40_000, bakeMs: 40_000, minSample: 100 };
  const analysis = { intervalMs: 10_000, alpha: null, source: null, off: [], checks: [], triggers: [] };
  const service = aService({ analysis: { ...analysis, place: aService().place } });
  return compilePlan(
    aRelease(strategy, {
      service,
      rollback: { strategy: back, only: back === 'partial' ? ['web-2'] : [] },
      ...more,
    }),
  );
}

export function randomRelease(random: Seeded): DeploymentPlan {
  const kind = random.pick(['expand', 'contract', 'irreversible'] as const);
  const migrations = {
    kind,
    up: './up.sh',
    down: kind === 'irreversible' ? null : './down.sh',
    place: aService().place,
  };
  const protection = {
    approvals: 1 + random.below(2),
    approvers: [],
    authorAllowed: false,
    windows: [],
    freezes: [],
    gates: [],
    branches: [],
  };
  const base = shortPlanService();
  const commands = random.chance(0.3) ? [aCommand('one')] : [];
  const stable = random.chance(0.1) ? null : { digest: 'sha256:old', isHealthy: random.chance(0.9) };
  return shortPlan(random.pick(STRATEGIES), random.pick(WAYS_BACK), {
    stable,
    service: { ...base, migrations: random.chance(0.3) ? migrations : null },
    environment: anEnvironment({
      protection: random.chance(0.3) ? protection : null,
      preDeployHooks: commands,
      smokeTests: commands,
      postDeployHooks: commands,
      hosts: anEnvironment().hosts.slice(0, 2 + random.below(3)),
    }),
  });
}

function shortPlanService() {
  const { place } = aService();
  const analysis = {
    intervalMs: 10_000,
    alpha: null,
    source: null,
    off: [],
    checks: [],
    triggers: [],
    place,
  };
  return aService({ analysis });
}
