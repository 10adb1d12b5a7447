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
});
