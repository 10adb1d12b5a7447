import { describe, expect, it } from 'vitest';
import type { DeploymentPlan } from '../../src/delivery/plan.ts';
import type { RollbackStrategy, StrategyType } from '../../src/pipeline/plan-strategy.ts';
import { aDeployment } from '../support/deployment.ts';
import type { Nature } from './delivery/places.ts';
import { randomRelease, shortPlan } from './delivery/random-release.ts';
import { DeploymentWorld, type Misfortune, NO_MISFORTUNE } from './delivery/world.ts';
import { Seeded } from './random.ts';

const SEEDS = process.env.SLUICE_SOAK ? 100_000 : 2_000;
const FIRST_SEED = Number(process.env.SLUICE_SEED ?? 1);
const NATURES: readonly Nature[] = ['good', 'harmful', 'dying', 'never-healthy', 'silent', 'lying'];

function simulate(plan: DeploymentPlan, seed: number, misfortune: Partial<Misfortune>): DeploymentWorld {
  return inWorld(plan, new Seeded(seed), { ...NO_MISFORTUNE, ...misfortune }, `seed ${seed}`);
}

function inWorld(
  plan: DeploymentPlan,
  random: Seeded,
  misfortune: Misfortune,
  where: string,
): DeploymentWorld {
  const world = new DeploymentWorld(aDeployment(plan), random, misfortune);
  try {
    world.run();
  } catch (error) {
    throw new Error(`${where}: ${(error as Error).message} (SLUICE_SEED=${FIRST_SEED} begins there)`, {
      cause: error,
    });
  }
  return world;
}

const outcomeOf = ({ journal }: DeploymentWorld) => {
  const last = journal.at(-1)!.event;
  return last.type === 'deployment.finished' ? last.outcome : null;
};

describe('a simulated deployment', () => {
  it(`keeps its promises through misfortune (seeds ${FIRST_SEED} to ${FIRST_SEED + SEEDS - 1})`, () => {
    const outcomes = new Map<string | null, number>();
    let crashes = 0;
    for (let seed = FIRST_SEED; seed < FIRST_SEED + SEEDS; seed++) {
      const random = new Seeded(seed);
      const plan = randomRelease(random);
      const misfortune: Misfortune = {
        nature: random.pick(NATURES),
        crashAt: [],
        crashAfterAppend: 0.03,
        crashBeforeAppend: 0.03,
        lostRequest: 0.05,
        lostReply: 0.05,
        failure: 0.02,
        deadRouter: 0.03,
        doubled: 0.3,
        clockJump: 0.02,
        meddling: 0.2,
      };
      const world = inWorld(plan, random, misfortune, `seed ${seed}`);
      crashes += world.crashes;
      outcomes.set(outcomeOf(world), (outcomes.get(outcomeOf(world)) ?? 0) + 1);
    }
    expect(crashes).toBeGreaterThan(SEEDS / 2);
    for (const outcome of ['succeeded', 'rolled-back', 'cancelled'])
      expect(outcomes.get(outcome), outcome).toBeGreaterThan(SEEDS / 100);
  }, 600_000);

  const strategies: readonly StrategyType[] = ['canary', 'rolling', 'blue_green', 'recreate'];
  const waysBack: readonly RollbackStrategy[] = [
    'immediate',
    'rolling',
    'blue_green',
    'canary',
    'manual',
    'partial',
  ];

  // Every crash is played: how long that takes is the machine's affair.
  it.each(strategies)(
    '%s: ends as without a crash when the owner dies after any append, and dies again',
    { timeout: 180_000 },
    (type) => {
      for (const back of waysBack) {
        const plan = shortPlan(type, back);
        for (const nature of ['good', 'harmful', 'never-healthy'] as const) {
          const calm = simulate(plan, 1, { nature });
          for (let at = 1; at <= calm.appends; at++) {
            for (const crashAt of [[at], [at, at + 1], [at, at + 1, at + 2]]) {
              const world = simulate(plan, 1, { nature, crashAt });
              expect(world.crashes).toBeGreaterThan(0);
              expect(outcomeOf(world), `${type} ${back} ${nature} ${crashAt}`).toBe(outcomeOf(calm));
            }
          }
        }
      }
    },
  );

  it.each(['silent', 'lying'] as const)('is never promoted on a source that is %s', (nature) => {
    for (let seed = 1; seed <= 40; seed++) {
      const world = simulate(shortPlan('canary', 'immediate'), seed, { nature });
      expect(outcomeOf(world)).toBe('rolled-back');
      const weights = world.journal.flatMap(({ event }) =>
        event.type === 'deployment.weight-set' ? [event.candidatePercent] : [],
      );
      expect(weights).toEqual([5, 0]);
    }
  });

  it.each([24, -24, 1, -1])('a clock that jumps by %i hours at any moment changes nothing', (hours) => {
    const plan = shortPlan('canary', 'immediate');
    const calm = simulate(plan, 3, {});
    const jumped = simulate(plan, 3, { clockJump: Math.abs(hours) / 48 });
    expect(outcomeOf(jumped)).toBe(outcomeOf(calm));
  });

  it('a request that was late never undoes what came after it', () => {
    for (let seed = 1; seed <= 300; seed++)
      simulate(shortPlan('canary', 'immediate'), seed, {
        lostRequest: 0.6,
        crashAfterAppend: 0.1,
        meddling: 1,
      });
  });

  it('goes back to the last proven release after harm, whatever the router and the network do', () => {
    for (let seed = 1; seed <= 200; seed++) {
      const world = simulate(shortPlan('canary', 'immediate'), seed, {
        nature: 'harmful',
        lostRequest: 0.2,
        lostReply: 0.2,
        deadRouter: 0.2,
        crashAfterAppend: 0.1,
      });
      expect(outcomeOf(world), `seed ${seed}`).toBe('rolled-back');
    }
  });
});
