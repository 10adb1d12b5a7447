import { describe, expect, it } from 'vitest';
import { anArtifact, DeployWorld } from '../../../test/support/deploy-world.ts';
import { aPlan } from '../../../test/support/plan.ts';
import { aService } from '../../../test/support/release.ts';
import { digestOf } from '../../base/digest.ts';
import { releaseStream } from '../../journal/stream.ts';
import type { ServiceDefinition } from '../../pipeline/plan-service.ts';

const CONTENT = digestOf('1');

/** A world in which version 1 serves staging, with the service as it is configured now. */
async function served(now: Partial<ServiceDefinition>): Promise<DeployWorld> {
  const world = new DeployWorld();
  await world.prove('1');
  world.running = [CONTENT];
  configure(world, now);
  return world;
}

function configure(world: DeployWorld, now: Partial<ServiceDefinition>): void {
  world.plan = aPlan([], { ...world.plan, services: [aService({ name: 'web', artifact: 'web', ...now })] });
}

async function bring(world: DeployWorld): Promise<string> {
  const planned = await world.deployments.plan(world.ask());
  const { candidate } = planned.plan;
  await world.finish(await world.deployments.begin(planned), 'succeeded', candidate);
  world.running = [candidate];
  world.clock.advance(1000);
  return candidate;
}

describe('releaseDigest', () => {
  it('is that of the content where nothing else is known', async () => {
    const { plan, differs, problems } = await (await served({})).deployments.plan(
      (await served({})).ask({ environment: 'live' }),
    );
    expect({ digest: plan.candidate, differs, problems }).toEqual({
      digest: CONTENT,
      differs: [],
      problems: [],
    });
  });

  it('refuses what serves already, as it is', async () => {
    const world = await served({});
    const { problems } = await world.deployments.plan(world.ask());
    expect(problems[0]!.message).toContain('runs in staging already');
  });

  it.each([
    ['the variable GREETING', { variables: { GREETING: 'hello' } }],
    ['`command`', { command: './serve --fast' }],
    ['`secrets`', { secrets: ['TOKEN'] }],
    ['`resources`', { resources: { cpus: 2, memoryBytes: null, diskBytes: null, replicas: null } }],
  ] as const)('is another one with other configuration: %s', async (differs, now) => {
    const world = await served(now);
    const planned = await world.deployments.plan(world.ask());
    expect(planned).toMatchObject({
      problems: [],
      differs: [differs],
      stableVersion: `1 (${CONTENT.slice(0, 12)})`,
    });
    expect(planned.plan.candidate).toMatch(/^[0-9a-f]{64}$/);
    expect(planned.plan.candidate).not.toBe(CONTENT);
    expect(planned.plan.stable).toBe(CONTENT);
    expect(planned.definition.release.digest).toBe(CONTENT);
  });

  it('does not change with what no instance sees', async () => {
    const world = await served({ description: 'words', strategy: null, healthChecks: [] });
    expect((await world.deployments.plan(world.ask())).plan.candidate).toBe(CONTENT);
  });

  it('is found again when the configuration is taken back', async () => {
    const world = await served({ variables: { GREETING: 'hello' } });
    const other = await bring(world);
    expect((await world.deployments.plan(world.ask())).problems[0]!.message).toContain('already');
    configure(world, {});
    expect((await world.deployments.plan(world.ask())).plan).toMatchObject({
      candidate: CONTENT,
      stable: other,
    });
  });

  it('is a new one each time when it is to start again', async () => {
    const world = await served({});
    const planned = await world.deployments.plan(world.ask({ again: true }));
    expect(planned).toMatchObject({ problems: [], differs: [] });
    expect(planned.plan.candidate).not.toBe(CONTENT);
  });

  it('is what a rollback goes back to, with the configuration of then', async () => {
    const world = await served({ variables: { GREETING: 'hello' } });
    const other = await bring(world);
    const { plan, source } = world.ask();
    const back = await world.deployments.planRollback({
      plan,
      source,
      environment: 'staging',
      service: null,
      to: null,
      strategy: null,
      reason: null,
      isRehearsal: false,
    });
    expect(back.plan).toMatchObject({ candidate: CONTENT, stable: other });
    expect(back.definition.service.variables).toEqual({});
    expect(back.condemned).toBe(other);
  });

  it('does not lead around the quarantine of the content', async () => {
    const world = await served({ variables: { GREETING: 'hello' } });
    await world.append(releaseStream(CONTENT), {
      type: 'release.quarantined',
      digest: CONTENT,
      service: 'web',
      deploymentId: 'd1',
      reason: 'it harmed; twice',
    });
    world.artifacts = [anArtifact('1')];
    const { problems } = await world.deployments.plan(world.ask());
    expect(problems).toMatchObject([
      {
        message: expect.stringContaining('is in quarantine: it harmed; twice'),
        suggestion: `deploy another digest, or lift it: sluice deployment lift ${CONTENT.slice(0, 12)} --reason TEXT`,
      },
    ]);
  });
});
