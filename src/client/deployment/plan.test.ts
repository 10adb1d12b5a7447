import { describe, expect, it } from 'vitest';
import { anArtifact, DEPLOY_SOURCE, DeployWorld } from '../../../test/support/deploy-world.ts';
import { aJob, aPlan, aRequest, PLACE } from '../../../test/support/plan.ts';
import { anEnvironment, aService } from '../../../test/support/release.ts';
import { type Diagnostic, UserError } from '../../base/diagnostic.ts';
import { digestOf } from '../../base/digest.ts';
import { releaseStream, runStream } from '../../journal/stream.ts';
import type { EnvironmentDefinition, Protection } from '../../pipeline/plan-environment.ts';

const OPEN: Protection = {
  approvals: 0,
  approvers: [],
  authorAllowed: true,
  windows: [],
  freezes: [],
  gates: [],
  branches: [],
};

const codes = (problems: readonly Diagnostic[]) => problems.map(({ code }) => code);

/** What planning throws, in a line. */
async function thrown(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (!(error instanceof UserError)) throw new Error(`it does not refuse: ${error}`);
  const [first] = error.diagnostics;
  return `${first!.code}: ${first!.message} -> ${first!.suggestion}`;
}

function withEnvironment(world: DeployWorld, more: Partial<EnvironmentDefinition>): void {
  world.plan = aPlan([], {
    environments: [
      anEnvironment({ name: 'staging', type: 'staging', hosts: [] }),
      anEnvironment({ name: 'live', type: 'testing', hosts: [], ...more }),
    ],
    services: [aService({ name: 'web', artifact: 'web' })],
  });
}

describe('planDeployment', () => {
  it('takes the newest artifact of this commit, and says what serves now', async () => {
    const world = new DeployWorld();
    await world.prove('1');
    world.running = [digestOf('1')];
    world.artifacts.unshift(anArtifact('2'));
    const planned = await world.deployments.plan(world.ask());
    expect(planned).toMatchObject({ version: '2', stableVersion: '1', problems: [], kind: 'release' });
    expect(planned.plan).toMatchObject({
      candidate: digestOf('2'),
      stable: digestOf('1'),
      strategy: 'rolling',
    });
  });

  it('compares with nothing when what serves is not healthy', async () => {
    const world = new DeployWorld();
    await world.prove('1');
    world.running = [digestOf('1')];
    world.isHealthy = false;
    world.artifacts.unshift(anArtifact('2'));
    const { plan } = await world.deployments.plan(world.ask({ strategy: { type: 'canary' } }));
    expect(plan.analysis).toBeNull();
    expect(plan.notes.join()).toContain('the stable version is not healthy');
  });

  it('names the nearest of what there is not', async () => {
    const world = new DeployWorld();
    const { deployments } = world;
    expect(await thrown(deployments.plan(world.ask({ environment: 'stagin' })))).toContain(
      'did you mean staging?',
    );
    expect(await thrown(deployments.plan(world.ask({ environment: null })))).toContain('staging, live');
    expect(await thrown(deployments.plan(world.ask({ service: 'wab' })))).toContain('did you mean web?');
    expect(await thrown(deployments.plan(world.ask()))).toContain('sluice run');
    world.artifacts = [anArtifact('1')];
    const release = { artifact: 'wob', version: null, runId: null };
    expect(await thrown(deployments.plan(world.ask({ release })))).toContain('did you mean web?');
  });

  it('refuses to choose between several artifacts of one run', async () => {
    const world = new DeployWorld();
    world.plan = aPlan([], { ...world.plan, services: [aService({ name: 'web', artifact: null })] });
    world.artifacts = [anArtifact('1'), anArtifact('1b', { runId: 'run-1', name: 'docs' })];
    expect(await thrown(world.deployments.plan(world.ask()))).toMatch(
      /artifact-ambiguous: run run-1 kept several/,
    );
  });

  it('takes an image by digest only', async () => {
    const world = new DeployWorld();
    world.plan = aPlan([], {
      ...world.plan,
      services: [aService({ name: 'web', image: 'registry.example.com/web' })],
    });
    expect(await thrown(world.deployments.plan(world.ask()))).toContain(
      'a tag may be another image tomorrow',
    );
    const digest = `sha256:${'a'.repeat(64)}`;
    const release = { artifact: digest, version: '3', runId: null };
    const planned = await world.deployments.plan(world.ask({ release }));
    expect(planned.definition.release).toEqual({
      kind: 'image',
      digest,
      version: '3',
      name: 'registry.example.com/web',
    });
  });

  describe('of an image', () => {
    const DIGEST = `sha256:${'b'.repeat(64)}`;
    const NAME = 'registry.example.com/web';

    /** A run of this commit whose job gave these outputs. */
    async function built(world: DeployWorld, outputs: Record<string, string>): Promise<void> {
      const plan = aPlan([aJob({ id: 'pack' })]);
      const requested = { ...aRequest(plan), runId: 'r1', source: DEPLOY_SOURCE };
      await world.append(runStream('r1'), requested, {
        type: 'cell.finished',
        cell: 'pack',
        job: 'pack',
        attempt: 1,
        outcome: 'succeeded',
        cause: null,
        step: null,
        durationMs: 1,
        outputs,
        tail: [],
        retry: null,
      });
    }

    function imageWorld(more: Partial<EnvironmentDefinition> = {}, image = NAME): DeployWorld {
      const world = new DeployWorld();
      withEnvironment(world, more);
      world.plan = aPlan([], { ...world.plan, services: [aService({ name: 'web', image })] });
      return world;
    }

    it('takes the digest that the run of this commit tells, and its version', async () => {
      const world = imageWorld();
      await built(world, { image: `${NAME}@${DIGEST}`, version: '1.2' });
      const planned = await world.deployments.plan(world.ask());
      expect(planned.definition.release).toEqual({
        kind: 'image',
        digest: DIGEST,
        version: '1.2',
        name: NAME,
      });
    });

    it('looks in the registry of the environment', async () => {
      const world = imageWorld({ registry: 'registry.example.com' }, 'web');
      await built(world, { image: DIGEST });
      const planned = await world.deployments.plan(world.ask({ environment: 'live' }));
      expect(planned.definition.release).toMatchObject({ name: NAME, digest: DIGEST });
    });

    it('asks which when the run tells several, and passes over those of another name', async () => {
      const world = imageWorld();
      await built(world, { one: DIGEST, other: `sha256:${'c'.repeat(64)}`, third: `db@${DIGEST}` });
      expect(await thrown(world.deployments.plan(world.ask()))).toContain('image-ambiguous: run r1 tells');
    });

    it('is held to gates and branches by the run that tells it, and refused without one', async () => {
      const world = imageWorld({ protection: { ...OPEN, branches: ['release/*'] } });
      const release = { artifact: DIGEST, version: null, runId: null };
      const ask = world.ask({ environment: 'live', release });
      expect(codes((await world.deployments.plan(ask)).problems)).toEqual(['release-without-run']);
      await built(world, { image: DIGEST });
      expect(codes((await world.deployments.plan(ask)).problems)).toEqual(['branch-refused']);
    });
  });

  it('refuses what harmed, until that is lifted', async () => {
    const world = new DeployWorld();
    world.artifacts = [anArtifact('1')];
    const digest = digestOf('1');
    await world.append(releaseStream(digest), {
      type: 'release.quarantined',
      digest,
      service: 'web',
      deploymentId: 'd1',
      reason: 'it failed',
    });
    const [problem] = (await world.deployments.plan(world.ask())).problems;
    expect(problem!.message).toBe(`1 (${digest.slice(0, 12)}) is in quarantine: it failed`);
    await expect(world.deployments.begin(await world.deployments.plan(world.ask()))).rejects.toThrow(
      'quarantine',
    );
    await world.append(releaseStream(digest), {
      type: 'release.quarantine-lifted',
      digest,
      by: 'ada',
      reason: 'was the network',
    });
    expect((await world.deployments.plan(world.ask())).problems).toEqual([]);
  });

  it('demands the same artifact in the environment before', async () => {
    const world = new DeployWorld();
    withEnvironment(world, { promotion: { after: ['staging'], sameArtifact: true } });
    world.artifacts = [anArtifact('1')];
    const ask = world.ask({ environment: 'live' });
    expect(codes((await world.deployments.plan(ask)).problems)).toEqual(['promotion-order']);
    await world.prove('0');
    expect(
      codes((await world.deployments.plan({ ...ask, release: { ...ask.release, version: '1' } })).problems),
    ).toEqual(['promotion-order']);
    await world.prove('1');
    expect(
      (await world.deployments.plan({ ...ask, release: { ...ask.release, version: '1' } })).problems,
    ).toEqual([]);
  });

  it('demands branch, trust and what a router must have', async () => {
    const world = new DeployWorld();
    withEnvironment(world, { protection: { ...OPEN, branches: ['release/*'] } });
    world.artifacts = [anArtifact('1', { trust: 'untrusted' })];
    world.missing = ['HAProxy has no backend web; add one'];
    const { problems } = await world.deployments.plan(world.ask({ environment: 'live' }));
    expect(codes(problems)).toEqual(['untrusted-release', 'branch-refused', 'deploy-refused']);
    expect(problems[2]).toMatchObject({ message: 'HAProxy has no backend web', suggestion: 'add one' });
  });

  it('demands every gate of the environment for this commit', async () => {
    const world = new DeployWorld();
    const gate = { ...GATE, place: PLACE };
    withEnvironment(world, { protection: { ...OPEN, gates: [gate] } });
    world.artifacts = [anArtifact('1')];
    const { problems } = await world.deployments.plan(world.ask({ environment: 'live' }));
    expect(problems).toMatchObject([{ code: 'gate-missing', place: PLACE }]);
  });

  it('asks two people and all gates before production when nothing else is said', async () => {
    const world = new DeployWorld();
    withEnvironment(world, { type: 'production' });
    world.artifacts = [anArtifact('1')];
    const { plan, problems } = await world.deployments.plan(world.ask({ environment: 'live' }));
    expect(plan.admission).toMatchObject({ approvals: 2, authorAllowed: false });
    expect(new Set(codes(problems))).toEqual(new Set(['gate-missing']));
    expect(problems.length).toBeGreaterThan(5);
  });

  it("takes the person's own defaults where nothing is configured", async () => {
    const world = new DeployWorld();
    await world.prove('1');
    world.running = [digestOf('1')];
    world.artifacts.unshift(anArtifact('2'));
    const otherwise = { strategy: 'blue_green', rollback: 'canary', automatic: false } as const;
    const { plan } = await world.deployments.plan(world.ask({ otherwise }));
    expect(plan).toMatchObject({ strategy: 'blue_green', wayBack: { strategy: 'canary', automatic: false } });
    const asked = await world.deployments.plan(world.ask({ otherwise, strategy: { type: 'recreate' } }));
    expect(asked.plan.strategy).toBe('recreate');
  });
});

describe('planRollback', () => {
  const ROLLBACK = {
    environment: 'staging',
    service: null,
    to: null,
    strategy: null,
    reason: null,
    isRehearsal: false,
  } as const;

  it('brings the release that was proven before, as it was defined then', async () => {
    const world = new DeployWorld();
    await world.prove('1');
    world.plan = aPlan([], {
      ...world.plan,
      services: [aService({ name: 'web', artifact: 'web', command: 'other' })],
    });
    await world.prove('2');
    const { plan, source } = world.ask();
    const planned = await world.deployments.planRollback({ ...ROLLBACK, plan, source });
    expect(planned).toMatchObject({ kind: 'rollback', version: '1', stableVersion: '2', problems: [] });
    expect(planned.definition.service.command).toBe('./serve');
  });

  it('condemns what somebody goes back from, unless it is rehearsed', async () => {
    const world = new DeployWorld();
    await world.prove('1');
    await world.prove('2');
    const { plan, source } = world.ask();
    const rehearsed = await world.deployments.planRollback({ ...ROLLBACK, plan, source, isRehearsal: true });
    expect(rehearsed.condemned).toBeNull();
    const planned = await world.deployments.planRollback({ ...ROLLBACK, plan, source, reason: 'slow' });
    await world.deployments.begin(planned);
    expect(await world.deployments.quarantined()).toMatchObject([
      { version: '2', reason: 'ada went back from it: slow' },
    ]);
  });

  it('says what there is when it cannot go there', async () => {
    const world = new DeployWorld();
    await world.prove('1');
    const { plan, source } = world.ask();
    expect(await thrown(world.deployments.planRollback({ ...ROLLBACK, plan, source }))).toMatch(
      /only proven release here -> deploy/,
    );
    expect(await thrown(world.deployments.planRollback({ ...ROLLBACK, plan, source, to: '9' }))).toContain(
      'these were: 1',
    );
  });
});

const GATE = {
  name: 'sast',
  preset: 'sast',
  metric: null,
  atLeast: null,
  atMost: null,
  notBelow: null,
  severities: {},
  scope: null,
  minSample: null,
  mode: null,
  missing: null,
  exceptions: [],
} as const;
