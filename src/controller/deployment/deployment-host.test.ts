import { describe, expect, it } from 'vitest';
import { shortPlan } from '../../../test/sim/delivery/random-release.ts';
import { DeploymentRig } from '../../../test/support/deployment-rig/rig.ts';
import { aCommand, anEnvironment, aService } from '../../../test/support/release.ts';
import type { StrategyType } from '../../pipeline/plan-strategy.ts';

const STRATEGIES: readonly StrategyType[] = ['canary', 'rolling', 'blue_green', 'recreate'];

describe('a driven deployment', () => {
  it.each(STRATEGIES)('%s: brings a good release to all the traffic', async (type) => {
    const rig = await DeploymentRig.open(shortPlan(type, 'immediate'));
    const { driven } = await rig.begin();
    expect(await rig.play(driven!.finished)).toBe('succeeded');
    await rig.check(driven!.deploymentId);
    expect(rig.world.weights.at(-1)).toBe(100);
    // Between the end of the one and the start of the other nobody is served, as its plan says.
    expect(rig.world.problems.length).toBe(type === 'recreate' ? 1 : 0);
  });

  it.each(STRATEGIES)('%s: goes back from a release that harms', async (type) => {
    const rig = await DeploymentRig.open(shortPlan(type, 'immediate'), { nature: 'harmful' });
    const { driven } = await rig.begin();
    expect(await rig.play(driven!.finished)).toBe('rolled-back');
    await rig.check(driven!.deploymentId);
    expect(rig.world.percent).toBe(0);
  });

  it.each(STRATEGIES)('%s: gives no traffic to a release that never gets healthy', async (type) => {
    const rig = await DeploymentRig.open(shortPlan(type, 'immediate'), { nature: 'never-healthy' });
    const { driven } = await rig.begin();
    expect(await rig.play(driven!.finished)).toBe('rolled-back');
    await rig.check(driven!.deploymentId);
    expect(rig.world.weights.filter((weight) => weight > 0)).toEqual([]);
  });

  it.each(['silent', 'lying'] as const)(
    'never promotes on a source that is %s, and says why',
    async (nature) => {
      const rig = await DeploymentRig.open(shortPlan('canary', 'immediate'), { nature });
      const { driven } = await rig.begin();
      expect(await rig.play(driven!.finished)).toBe('rolled-back');
      expect(rig.world.weights).toEqual([5, 0]);
      const reasons = (await rig.events(driven!.deploymentId)).flatMap(({ event }) =>
        event.type === 'deployment.rollback-begun' ? [event.reason] : [],
      );
      expect(reasons[0]).toContain(
        nature === 'silent'
          ? 'the source answered 500; look at its log'
          : 'the window of the source cannot be judged',
      );
    },
  );

  it('goes back within seconds when instances end, also between looks', async () => {
    const rig = await DeploymentRig.open(shortPlan('canary', 'immediate'));
    const { driven } = await rig.begin();
    await rig.until(() => rig.world.percent === 5);
    const atMs = rig.clock.monotonic();
    rig.world.crash(rig.plan.candidate);
    await rig.until(() => rig.world.percent === 0);
    expect(rig.clock.monotonic() - atMs).toBeLessThan(1000);
    expect(await rig.play(driven!.finished)).toBe('rolled-back');
    await rig.check(driven!.deploymentId);
  });

  it('runs hooks, smoke tests and migrations once each, and goes back when a smoke test fails', async () => {
    const { place } = aService();
    const migrations = { kind: 'expand', up: './up.sh', down: './down.sh', place } as const;
    const environment = anEnvironment({
      preDeployHooks: [aCommand('before')],
      smokeTests: [{ ...aCommand('smoke'), run: 'false # ${{ deploy.arm }}' }],
    });
    const analysis = {
      intervalMs: 10_000,
      alpha: null,
      source: null,
      off: [],
      checks: [],
      triggers: [],
      place,
    };
    const service = aService({ migrations, analysis });
    const rig = await DeploymentRig.open(shortPlan('canary', 'immediate', { environment, service }));
    const { driven } = await rig.begin();
    expect(await rig.play(driven!.finished)).toBe('rolled-back');
    await rig.check(driven!.deploymentId);
    expect(rig.world.commands).toEqual(['./before.sh', './up.sh', 'false # new', './down.sh']);
    expect(rig.world.weights).toEqual([0]);
  });
});
