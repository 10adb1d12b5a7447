import { describe, expect, it } from 'vitest';
import { shortPlan } from '../../../test/sim/delivery/random-release.ts';
import { DeploymentRig, type RigOptions } from '../../../test/support/deployment-rig/rig.ts';
import type { Fate, Verb } from '../../../test/support/deployment-rig/world.ts';
import type { DeploymentEvent } from '../../journal/deployment-event.ts';

const CANARY = shortPlan('canary', 'immediate');

/** A fate for the first calls of a verb, and then the usual one. */
function atFirst(verb: Verb, fate: Fate, times = 1): NonNullable<RigOptions['fate']> {
  let left = times;
  return (called) => (called === verb && left-- > 0 ? fate : 'usual');
}

async function play(options: RigOptions) {
  const rig = await DeploymentRig.open(CANARY, options);
  const { driven } = await rig.begin();
  const outcome = await rig.play(driven!.finished);
  await rig.check(driven!.deploymentId);
  return { rig, outcome, events: await rig.events(driven!.deploymentId) };
}

const of = <T extends DeploymentEvent['type']>(
  events: readonly { readonly event: DeploymentEvent }[],
  type: T,
) =>
  events.flatMap(({ event }) =>
    event.type === type ? [event as Extract<DeploymentEvent, { type: T }>] : [],
  );

describe('a driven deployment with misfortune', () => {
  it.each(['start', 'install', 'stop', 'setWeights'] as const)(
    'asks the world when the reply to %s is lost, and does nothing twice',
    async (verb) => {
      const { outcome, events } = await play({ fate: atFirst(verb, 'lost-reply') });
      expect(outcome).toBe('succeeded');
      expect(of(events, 'deployment.step-unknown').length).toBeGreaterThan(0);
    },
  );

  it.each(['start', 'setWeights'] as const)(
    'repeats %s that never arrived, and what comes late changes nothing',
    async (verb) => {
      const { outcome, events } = await play({ fate: atFirst(verb, 'lost-request') });
      expect(outcome).toBe('succeeded');
      expect(of(events, 'deployment.step-repeated').length).toBe(1);
    },
  );

  it('tries again what a host could not do, without doubling what others did', async () => {
    let failures = 0;
    const { outcome } = await play({
      fate: (verb, key) =>
        verb === 'start' && key.endsWith('web-2') && failures++ === 0 ? 'fails' : 'usual',
    });
    expect(outcome).toBe('succeeded');
    expect(failures).toBeGreaterThan(1);
  });

  it('goes back through a router that is dead for a while', async () => {
    const rig = await DeploymentRig.open(CANARY, { nature: 'harmful' });
    const { driven } = await rig.begin();
    await rig.until(() => rig.world.percent === 5);
    rig.world.routerDeadUntilMs = rig.clock.monotonic() + 45_000;
    expect(await rig.play(driven!.finished)).toBe('rolled-back');
    await rig.check(driven!.deploymentId);
    expect(rig.world.weights).toEqual([5, 0]);
  });

  it('says that a person must act when the router stays dead, and leaves the candidate its share', async () => {
    const rig = await DeploymentRig.open(CANARY, { nature: 'harmful' });
    const { driven } = await rig.begin();
    await rig.until(() => rig.world.percent === 5);
    rig.world.routerDeadUntilMs = Number.POSITIVE_INFINITY;
    expect(await rig.play(driven!.finished)).toBe('stranded');
    expect(rig.world.running.stable.size).toBe(4);
    expect(rig.world.running.candidate.size).toBe(4);
  });

  it('does not blame the candidate for a router that is dead on the way forth', async () => {
    const rig = await DeploymentRig.open(CANARY, {});
    const { driven } = await rig.begin();
    await rig.until(() => rig.world.running.candidate.size === 4);
    rig.world.routerDeadUntilMs = rig.clock.monotonic() + 180_000;
    expect(await rig.play(driven!.finished)).toBe('rolled-back');
    expect(await rig.store.journal.head('release/sha256:new')).toBe(0);
  });

  it('ends before anything is changed when what it acts on cannot be had', async () => {
    const rig = await DeploymentRig.open(CANARY, {
      surroundings: () => {
        throw new Error('there is no secret DB_PASSWORD; store it with: sluice secret set DB_PASSWORD');
      },
    });
    const { driven } = await rig.begin();
    expect(await rig.play(driven!.finished)).toBe('cancelled');
    await rig.check(driven!.deploymentId);
    const [finished] = of(await rig.events(driven!.deploymentId), 'deployment.finished');
    expect(finished!.sentence).toContain('there is no secret DB_PASSWORD');
    expect(rig.world.ledger.size).toBe(0);
  });

  it('goes on when what it acts on cannot be had for a while after a change of owner', async () => {
    let isGone = false;
    const rig = await DeploymentRig.open(CANARY, {
      surroundings: (usual) => {
        if (isGone) throw new Error('the key file cannot be read');
        return usual;
      },
    });
    const { driven, life } = await rig.begin();
    await rig.until(() => rig.world.running.candidate.size === 4);
    life.die();
    isGone = true;
    const { controller } = rig.process();
    const heir = await rig.play(controller.resume(driven!.deploymentId));
    const until = rig.clock.monotonic() + 20_000;
    await rig.until(() => rig.clock.monotonic() > until);
    isGone = false;
    expect(await rig.play(heir.finished)).toBe('succeeded');
    await rig.check(driven!.deploymentId);
  });

  it('refuses a late owner everywhere: the journal, the router and the hosts', async () => {
    const rig = await DeploymentRig.open(CANARY);
    const { driven, life } = await rig.begin();
    await rig.until(() => rig.world.percent === 5);
    // It only seems dead: it hangs for longer than its leases last, and another machine cannot ask it.
    rig.hang(life);
    const { controller } = rig.process();
    await rig.play(rig.retry(() => controller.resume(driven!.deploymentId)).then(() => rig.wake(life)));
    let reason = '';
    driven!.finished.catch((error: Error) => {
      reason = error.message;
    });
    await rig.until(() => reason !== '');
    expect(reason).toMatch(/another process took over|token|is at/);
    const id = driven!.deploymentId;
    let outcome: string | null = null;
    await rig.until(() => {
      void rig.outcome(id).then((found) => {
        outcome = found;
      });
      return outcome !== null;
    });
    expect(outcome).toBe('succeeded');
    await rig.check(id);
  });

  it.each([24, -24, 1, -1])(
    'does not care when the wall clock jumps by %i hours at every step',
    async (hours) => {
      const rig = await DeploymentRig.open(CANARY);
      const { driven } = await rig.begin();
      const id = driven!.deploymentId;
      rig.store.journal.watch(`deployment/${id}`, () => rig.clock.jump(hours * 3_600_000));
      expect(await rig.play(driven!.finished)).toBe('succeeded');
      await rig.check(id);
      expect(rig.clock.monotonic()).toBeLessThan(10 * 60_000);
    },
  );

  it('is back on the stable version within seconds of the sample that shows the harm', async () => {
    const { events } = await play({ nature: 'harmful' });
    const at = (type: DeploymentEvent['type']) => events.findLast(({ event }) => event.type === type)!.at;
    const harm = events.find(
      ({ event }) => event.type === 'deployment.observed' && event.verdict === 'harm',
    )!;
    expect(at('deployment.rollback-begun') - harm.at).toBeLessThan(100);
    expect(at('deployment.weight-set') - harm.at).toBeLessThan(1000);
  });

  it('has the target remove what nobody needs any more, and never what could be gone back to', async () => {
    const rig = await DeploymentRig.open(CANARY);
    const { controller } = rig.process();
    let stable = 'sha256:old';
    for (const candidate of ['sha256:a', 'sha256:b', 'sha256:c']) {
      const plan = shortPlan('blue_green', 'immediate', {
        candidate,
        stable: { digest: stable, isHealthy: true },
      });
      const driven = await rig.play(controller.start(rig.request(plan)));
      expect(await rig.play(driven.finished)).toBe('succeeded');
      stable = candidate;
    }
    const removed = rig.world.removed.filter((line) => line.startsWith('web-1 '));
    // After `a` nothing; after `b` what was before `a`; after `c` that again, and what was before `b`.
    expect(removed).toEqual(['web-1 sha256:old', 'web-1 sha256:a', 'web-1 sha256:old']);
  });

  it('partial: some hosts go back, and the next release leaves nothing of it running', async () => {
    const rig = await DeploymentRig.open(shortPlan('blue_green', 'partial'), { nature: 'harmful' });
    const { controller } = rig.process();
    const partly = await rig.play(controller.start(rig.request()));
    expect(await rig.play(partly.finished)).toBe('rolled-back');
    expect(rig.world.percent).toBe(75);
    expect([...rig.world.running.stable]).toEqual(['web-2']);
    expect([...rig.world.running.candidate].toSorted()).toEqual(['web-1', 'web-3', 'web-4']);
    const backends = rig.world.traffic!.versions.map(({ backends: all }) => all.map(({ host }) => host));
    expect(backends).toEqual([['web-1', 'web-3', 'web-4'], ['web-2']]);
    const next = shortPlan('recreate', 'immediate', { candidate: 'sha256:next' });
    rig.world.options.nature = 'good';
    const driven = await rig.play(controller.start(rig.request(next)));
    expect(await rig.play(driven.finished)).toBe('succeeded');
    const running = rig.world.options.hosts.flatMap((host) => rig.world.instances(host));
    expect(new Set(running.map(({ digest }) => digest))).toEqual(new Set(['sha256:next']));
  });
});
