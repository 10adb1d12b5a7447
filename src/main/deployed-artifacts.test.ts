import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { aDeployment } from '../../test/support/deployment.ts';
import { realClock, realRandom } from '../../test/support/job-rig.ts';
import { aRelease } from '../../test/support/release.ts';
import { artifactStore } from '../artifact/artifact-store.ts';
import type { ArtifactStore } from '../artifact/contract.ts';
import type { JsonObject } from '../base/json.ts';
import { openMemoryStorage } from '../cache/storage/memory-storage.ts';
import { treeStore } from '../cache/tree/tree-store.ts';
import { compilePlan } from '../delivery/strategy/compile.ts';
import type { DeploymentEvent, DeploymentOutcome } from '../journal/deployment-event.ts';
import { deploymentStream } from '../journal/stream.ts';
import type { Journal } from '../store/contract.ts';
import { openMemoryStore } from '../store/memory.ts';
import { holdDeployed } from './deployed-artifacts.ts';

let folder: string;
let journal: Journal;
let artifacts: ArtifactStore;
let count = 0;

beforeEach(() => {
  count = 0;
  folder = mkdtempSync(join(tmpdir(), 'deployed-'));
  journal = openMemoryStore(realClock).journal;
  const { blobs, references } = openMemoryStorage(realClock);
  const trees = treeStore({ blobs, directory: join(folder, 'trees'), clock: realClock, random: realRandom });
  artifacts = artifactStore({ references, trees, clock: realClock });
});
afterEach(() => rmSync(folder, { recursive: true }));

async function build(version: string) {
  writeFileSync(join(folder, 'site'), version);
  const { record } = await artifacts.upload({
    name: 'site',
    version,
    runId: `run${version}`,
    cell: 'build',
    repository: 'shop',
    trust: 'trusted',
    commit: null,
    branch: 'main',
    tag: null,
    event: 'push',
    buildNumber: 1,
    metadata: {},
    retentionMs: 1,
    root: folder,
    paths: ['site'],
    reveals: null,
  });
  return record;
}

/** `outcome` null: it goes on. `serving`: the version that serves at its end. */
async function deploy(
  version: string,
  stable: string | null,
  outcome: DeploymentOutcome | null,
  serving: string | null = version,
): Promise<void> {
  const id = `d${String(++count).padStart(2, '0')}`;
  const artifact = { kind: 'artifact', name: 'site', version, runId: `run${version}`, cell: 'build' };
  const [record] = await artifacts.find({ version });
  const digestOfVersion = async (one: string | null) =>
    one === null ? null : ((await artifacts.find({ version: one }))[0]?.digest ?? one);
  const requested: DeploymentEvent = {
    ...aDeployment(compilePlan(aRelease({ type: 'canary' }))),
    deploymentId: id,
    service: 'api',
    environment: 'production',
    candidate: record!.digest,
    stable: await digestOfVersion(stable),
    definition: { release: { ...artifact, digest: record!.digest } } as unknown as JsonObject,
  };
  const end: DeploymentEvent[] =
    outcome === null
      ? []
      : [
          {
            type: 'deployment.finished',
            outcome,
            sentence: '',
            durationMs: 1,
            serving: await digestOfVersion(serving),
            partly: [],
            data: 'unchanged',
          },
        ];
  const actor = { kind: 'controller', id: 'c' } as const;
  await journal.append(
    deploymentStream(id),
    0,
    [requested, ...end].map((body) => ({ schemaVersion: 1, at: count, actor, body })),
  );
  await artifacts.pin(record!, `api in production (ada)`);
}

/** The versions that are left when everything is past its time. */
async function left(): Promise<readonly string[]> {
  for (const _ of ['first', 'again']) {
    await holdDeployed(journal, artifacts, 'keep');
    await artifacts.expire(Number.MAX_SAFE_INTEGER);
    await holdDeployed(journal, artifacts, 'release');
  }
  return (await artifacts.find({})).map(({ version }) => version).sort();
}

describe('artifacts that are deployed', () => {
  it('stay while they serve or may be gone back to, and then expire', async () => {
    for (const version of ['1', '2', '3', '4', '5', '6', '7']) await build(version);
    let stable: string | null = null;
    for (const version of ['1', '2', '3', '4', '5', '6', '7']) {
      await deploy(version, stable, 'succeeded');
      stable = version;
    }
    expect(await left()).toEqual(['3', '4', '5', '6', '7']);
  });

  it('stay while they come or go, and not when they went back', async () => {
    for (const version of ['1', '2', '3', '4']) await build(version);
    await deploy('1', null, 'succeeded');
    await deploy('2', '1', 'rolled-back', '1');
    await deploy('3', '1', 'cancelled', '1');
    expect(await left()).toEqual(['1']);
    await build('4');
    await deploy('4', '1', null);
    expect(await left()).toEqual(['1', '4']);
  });

  it('stay where what serves is not known', async () => {
    await build('1');
    await deploy('1', 'older', 'cancelled', 'older');
    expect(await left()).toEqual(['1']);
    await build('2');
    await deploy('2', '1', 'stranded', '1');
    expect(await left()).toEqual(['1', '2']);
  });

  it('are pinned again where somebody took the pin away, and keep the pins of people', async () => {
    const first = await build('1');
    const second = await build('2');
    await deploy('1', null, 'succeeded');
    await artifacts.unpin(first, 'api in production (ada)');
    await artifacts.pin(second, 'ann');
    expect(await left()).toEqual(['1', '2']);
    const pins = (await artifacts.find({})).map(({ version, pinnedBy }) => [version, pinnedBy]);
    expect(Object.fromEntries(pins)).toEqual({ '1': ['api in production (ada)'], '2': ['ann'] });
  });

  it('of another service with such a name are left alone', async () => {
    for (const version of ['1', '2']) await build(version);
    await deploy('1', null, 'rolled-back', null);
    const [record] = await artifacts.find({ version: '1' });
    await artifacts.pin(record!, 'api in production-eu (ada)');
    expect(await left()).toEqual(['1']);
  });
});
