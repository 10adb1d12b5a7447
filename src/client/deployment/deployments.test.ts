import { describe, expect, it } from 'vitest';
import { anArtifact, DeployWorld } from '../../../test/support/deploy-world.ts';
import { digestOf } from '../../base/digest.ts';
import type { DeploymentAskedEvent } from '../../journal/deployment-event.ts';
import { deploymentInboxStream, deploymentLease, deploymentStream } from '../../journal/stream.ts';

async function begun(world: DeployWorld): Promise<string> {
  world.artifacts.unshift(anArtifact('1'));
  return world.deployments.begin(await world.deployments.plan(world.ask()));
}

/** Lets time go by until it is settled. */
async function until<T>(world: DeployWorld, promise: Promise<T>): Promise<T> {
  let isSettled = false;
  const end = () => {
    isSettled = true;
  };
  promise.then(end, end);
  while (!isSettled) {
    await new Promise((resolve) => setImmediate(resolve));
    world.clock.advance(50);
  }
  return promise;
}

describe('begin', () => {
  it('accepts durably, keeps the artifact, and starts a supervisor', async () => {
    const world = new DeployWorld();
    const deploymentId = await begun(world);
    expect(world.supervised).toEqual([deploymentId]);
    expect(world.pinned).toEqual(['1 by web in staging (ada (uid 1000))']);
    const [first] = await world.store.journal.read(deploymentStream(deploymentId));
    expect(first!.body).toMatchObject({
      type: 'deployment.requested',
      by: 'ada',
      repository: 'shop',
      binding: { artifact: digestOf('1') },
      definition: { release: { version: '1' }, service: { command: './serve' } },
    });
    expect(first!.subject).toMatchObject({ repository: 'shop', service: 'web', environment: 'staging' });
  });
});

describe('begin on a disk that is nearly full', () => {
  it('refuses a release, and still goes back', async () => {
    const world = new DeployWorld();
    await world.prove('1');
    await world.prove('2');
    world.isDiskFull = true;
    world.artifacts.unshift(anArtifact('3'));
    const planned = await world.deployments.plan(world.ask());
    await expect(world.deployments.begin(planned)).rejects.toThrow('the disk is nearly full');
    const { plan, source, environment } = world.ask();
    const to = { environment, service: null, to: null, strategy: null, reason: null };
    const back = await world.deployments.planRollback({ ...to, plan, source, isRehearsal: false });
    const deploymentId = await world.deployments.begin(back);
    expect(world.supervised.at(-1)).toBe(deploymentId);
  });
});

describe('list, resolve and environments', () => {
  it('show what was deployed, and what a rollback would bring', async () => {
    const world = new DeployWorld();
    const first = await world.prove('1');
    const second = await world.prove('2');
    const third = await world.prove('3', 'live');
    const { deployments } = world;
    const list = await deployments.list({ repository: 'shop', limit: 2 });
    expect(list).toMatchObject([
      { deploymentId: third, environment: 'live', version: '3', outcome: 'succeeded' },
      { deploymentId: second, version: '2', orphaned: false },
    ]);
    expect(await deployments.list({ repository: 'other', limit: 2 })).toEqual([]);
    expect(await deployments.resolve('latest', 'shop')).toBe(third);
    expect(await deployments.resolve(first.slice(-6))).toBe(first);
    await expect(deployments.resolve('nothing')).rejects.toThrow('there is no deployment "nothing"');
    const [staging] = await deployments.environments(world.plan, 'shop');
    expect(staging!.services).toMatchObject([{ version: '2', back: { version: '1' }, going: null }]);
  });

  it('say that what nobody drives is left', async () => {
    const world = new DeployWorld();
    const deploymentId = await begun(world);
    // Its supervisor is being started just now.
    expect(await world.deployments.list({ limit: 1 })).toMatchObject([{ orphaned: false }]);
    expect(await world.deployments.takeOver()).toEqual([]);
    world.clock.advance(5000);
    expect(await world.deployments.list({ limit: 1 })).toMatchObject([{ orphaned: true, phase: 'queued' }]);
    expect(await world.deployments.takeOver()).toEqual([deploymentId]);
    expect(world.supervised).toEqual([deploymentId, deploymentId]);
  });
});

describe('keepDriven', () => {
  it('starts a supervisor only for what is not over and not driven', async () => {
    const world = new DeployWorld();
    const deploymentId = await begun(world);
    world.clock.advance(5000);
    expect(await world.deployments.keepDriven(deploymentId)).toBe(true);
    const lease = await world.store.leases.acquire(deploymentLease(deploymentId), 'other', 30_000);
    expect(lease).not.toBeNull();
    // The owner cannot be asked and its lease is good.
    expect(world.supervised).toHaveLength(2);
    const done = await world.prove('2', 'live');
    expect(await world.deployments.keepDriven(done)).toBe(false);
  });
});

describe('tell', () => {
  it('reaches the owner by the inbox, and waits until it is taken', async () => {
    const world = new DeployWorld();
    const deploymentId = await begun(world);
    const told = world.deployments.tell(deploymentId, { kind: 'approve', reason: 'fine' });
    const inbox = deploymentInboxStream(deploymentId);
    world.store.journal.watch(inbox, () => {});
    const owner = (async () => {
      while ((await world.store.journal.head(inbox)) === 0)
        await new Promise((resolve) => setImmediate(resolve));
      const stream = deploymentStream(deploymentId);
      const body = { type: 'deployment.approved', by: 'ada', reason: 'fine' } as const;
      const actor = { kind: 'controller', id: 'supervisor' } as const;
      const event = { schemaVersion: 1, at: world.clock.now(), actor, cause: `${inbox}#1`, body } as const;
      await world.store.journal.append(stream, await world.store.journal.head(stream), [event]);
    })();
    expect(await until(world, told)).toEqual({ by: 'ada', sentence: 'approved by ada' });
    await owner;
    const [asked] = await world.store.journal.read(inbox);
    expect(asked!.body as DeploymentAskedEvent).toMatchObject({
      type: 'deployment.answered',
      decision: 'approve',
      teams: ['operations'],
      artifact: digestOf('1'),
    });
  });

  it('says why it does not count', async () => {
    const world = new DeployWorld();
    const deploymentId = await begun(world);
    const told = world.deployments.tell(deploymentId, { kind: 'proceed', reason: 'why not' });
    const inbox = deploymentInboxStream(deploymentId);
    while ((await world.store.journal.head(inbox)) === 0)
      await new Promise((resolve) => setImmediate(resolve));
    const stream = deploymentStream(deploymentId);
    const body = {
      type: 'deployment.ask-ignored',
      by: 'ada',
      asked: 'proceed',
      reason: 'nothing is held',
    } as const;
    const actor = { kind: 'controller', id: 'supervisor' } as const;
    const event = { schemaVersion: 1, at: 0, actor, cause: `${inbox}#1`, body } as const;
    await world.store.journal.append(stream, await world.store.journal.head(stream), [event]);
    await expect(until(world, told)).rejects.toThrow('nothing is held');
  });

  it('does not wait for ever, and refuses what is over', async () => {
    const world = new DeployWorld();
    const deploymentId = await begun(world);
    const taken = await until(world, world.deployments.tell(deploymentId, { kind: 'cancel', reason: 'no' }));
    expect(taken.sentence).toContain('has not taken it yet');
    await world.finish(deploymentId, 'succeeded', digestOf('1'));
    await expect(world.deployments.tell(deploymentId, { kind: 'cancel', reason: 'no' })).rejects.toThrow(
      'is over',
    );
  });
});

describe('liftQuarantine', () => {
  it('takes one digest out, by its beginning', async () => {
    const world = new DeployWorld();
    await world.prove('1');
    await world.prove('2');
    const { plan, source } = world.ask();
    const ask = {
      plan,
      source,
      environment: 'staging',
      service: null,
      to: null,
      strategy: null,
      reason: null,
      isRehearsal: false,
    };
    await world.deployments.begin(await world.deployments.planRollback(ask));
    await expect(world.deployments.liftQuarantine('ffff', 'x')).rejects.toThrow('is not in quarantine');
    expect(await world.deployments.liftQuarantine(digestOf('2').slice(0, 10), 'was the network')).toBe(
      digestOf('2'),
    );
    expect(await world.deployments.quarantined()).toEqual([]);
  });
});
