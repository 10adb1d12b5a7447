import { describe, expect, it } from 'vitest';
import { anArtifact, DEPLOY_SOURCE, DeployWorld } from '../../../test/support/deploy-world.ts';
import { aJob, aRequest, PLACE } from '../../../test/support/plan.ts';
import { digestOf } from '../../base/digest.ts';
import type { Cause } from '../../journal/run-event.ts';
import { deploymentInboxStream, deploymentLease, runStream } from '../../journal/stream.ts';
import { packPlan } from '../../pipeline/packed-plan.ts';
import type { DeployRequest } from '../../pipeline/plan.ts';
import type { JobMessage, JobReport } from '../../runner/contract.ts';
import { performDeployment } from './deploy-job.ts';

const DEPLOY: DeployRequest = {
  environment: 'staging',
  strategy: null,
  rollbackOnFailure: true,
  service: null,
  artifact: null,
};

/** A run `run-1` whose job `ship` deploys. */
async function aShip(deploy: Partial<DeployRequest> = {}) {
  const world = new DeployWorld();
  world.artifacts = [anArtifact('1', { runId: 'run-1' })];
  await world.append(runStream('run-1'), {
    ...aRequest(world.plan),
    type: 'run.requested',
    runId: 'run-1',
    plan: packPlan(world.plan),
    source: DEPLOY_SOURCE,
  });
  const job = { ...aJob({ id: 'ship', deploy: { ...DEPLOY, ...deploy } }), steps: [], place: PLACE };
  const message = {
    runId: 'run-1',
    cell: 'ship',
    attempt: 1,
    trust: 'trusted',
    job,
    source: DEPLOY_SOURCE,
    resumed: false,
  };
  const cancels: ((cause: Cause) => void)[] = [];
  const perform = (more: Partial<JobMessage> = {}): Promise<JobReport> =>
    performDeployment(
      { ...(message as unknown as JobMessage), ...more },
      { onCancel: (listener) => cancels.push(listener), onCancelStep: () => {} },
      { journal: world.store.journal, clock: world.clock, deployments: async () => world.deployments },
    );
  return { world, perform, cancels };
}

describe('performDeployment', () => {
  it('waits until the release of its own run is proven', async () => {
    const { world, perform } = await aShip();
    world.onSupervise = (id) => world.finish(id, 'succeeded', digestOf('1'));
    const report = await perform();
    expect(report).toMatchObject({
      outcome: 'succeeded',
      outputs: { version: '1', environment: 'staging', digest: digestOf('1') },
    });
    expect(report.extras?.deployment).toMatchObject({ deploymentId: world.supervised[0], isBack: false });
  });

  it('fails with the end of the story when it went back', async () => {
    const { world, perform } = await aShip();
    world.onSupervise = (id) => world.finish(id, 'rolled-back', null);
    expect(await perform()).toMatchObject({
      outcome: 'failed',
      cause: { kind: 'deployment', message: expect.stringContaining('was rolled back') },
      tail: expect.arrayContaining([expect.stringContaining('asked to bring web 1 to staging')]),
    });
  });

  it('says where in the pipeline what it cannot do is asked for', async () => {
    const { world, perform } = await aShip({ service: 'wab' });
    expect(await perform()).toMatchObject({
      outcome: 'failed',
      cause: {
        kind: 'deployment',
        deploymentId: null,
        message: expect.stringMatching(/^sluice.yaml:1:1: .*did you mean web\?$/),
      },
    });
    expect(world.supervised).toEqual([]);
  });

  it('asks a person before it goes back when the stage says so', async () => {
    const { world, perform } = await aShip({ rollbackOnFailure: false });
    world.onSupervise = (id) => world.finish(id, 'succeeded', digestOf('1'));
    await perform();
    const view = await world.deployments.show(world.supervised[0]!);
    expect(view.plan.wayBack.automatic).toBe(false);
  });

  it('finds its work done when the same runs there already', async () => {
    const { world, perform } = await aShip();
    world.onSupervise = (id) => world.finish(id, 'succeeded', digestOf('1'));
    await perform();
    world.running = [digestOf('1')];
    expect(await perform({ attempt: 2 })).toMatchObject({
      outcome: 'succeeded',
      warnings: ['1 runs in staging already; nothing was deployed'],
    });
    expect(world.supervised).toHaveLength(1);
  });

  it('goes on with the deployment that an earlier owner of the run began', async () => {
    const { world, perform } = await aShip();
    let isLeft = false;
    world.onSupervise = async (id) => {
      if (!isLeft) await world.store.leases.acquire(deploymentLease(id), 'other', 1e9);
      isLeft = true;
    };
    void perform();
    while (world.supervised.length === 0) await new Promise((resolve) => setImmediate(resolve));
    const [id] = world.supervised;
    await world.finish(id!, 'succeeded', digestOf('1'));
    expect(await perform({ resumed: true })).toMatchObject({
      outcome: 'succeeded',
      outputs: { deployment: id },
    });
    expect(world.supervised).toEqual([id]);
  });

  it('cancels the deployment with the job', async () => {
    const { world, perform, cancels } = await aShip();
    const performed = perform();
    while (cancels.length === 0) await new Promise((resolve) => setImmediate(resolve));
    cancels[0]!({ kind: 'cancelled', by: 'ada', reason: 'stop' });
    const [id] = world.supervised;
    while ((await world.store.journal.head(deploymentInboxStream(id!))) === 0)
      await new Promise((resolve) => setImmediate(resolve));
    const [asked] = await world.store.journal.read(deploymentInboxStream(id!));
    expect(asked!.body.type).toBe('deployment.cancel-requested');
    await world.finish(id!, 'rolled-back', null);
    expect(await performed).toMatchObject({ outcome: 'cancelled', cause: { kind: 'cancelled', by: 'ada' } });
  });
});
