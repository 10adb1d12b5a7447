import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { targetContract } from '../../../../test/contract/target.contract.ts';
import {
  type DockerEngine,
  missingForDocker,
  startDockerEngine,
} from '../../../../test/support/docker-engine.ts';
import { dockerTargetHarness, openOn } from '../../../../test/support/docker-target.ts';
import { needs } from '../../../../test/support/require.ts';
import type { Change, Release } from '../contract.ts';

let engine: DockerEngine | null = null;
let missing: string | null = null;

beforeAll(async () => {
  missing = await missingForDocker();
  if (missing === null) engine = await startDockerEngine();
}, 120_000);
afterAll(() => engine?.stop());

targetContract('docker', async (context, folder) => {
  needs(context, 'a Docker engine', engine !== null, missing ?? '');
  return dockerTargetHarness(engine!, folder);
});

describe('releases as containers', () => {
  beforeEach((context) => needs(context, 'a Docker engine', engine !== null, missing ?? ''));

  const change = (key: string, order: number): Change => ({
    key,
    fence: { token: 1, order },
    host: 'engine',
    timeoutMs: 20_000,
  });
  const NO_LIMITS = { cpus: null, memoryBytes: null, diskBytes: null, replicas: null };
  const release = (more: Partial<Release>): Release => ({
    service: 'shop',
    digest: 'sha256:none',
    content: { kind: 'image', image: 'sha256:none' },
    command: 'sleep 1000',
    directory: '.',
    environment: {},
    secrets: {},
    port: null,
    resources: NO_LIMITS,
    drainMs: 0,
    ...more,
  });

  it('get variables of several lines, and those that docker itself goes by, and end in time', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'sluice-target-'));
    const harness = await dockerTargetHarness(engine!, folder);
    const target = harness.open();
    try {
      const one = release({
        ...(await harness.build({ 'www/health': 'well' })),
        environment: { HOME: '/srv', DOCKER_HOST: 'tcp://nowhere' },
        secrets: { PRIVATE_KEY: 'line one\nline two' },
        resources: { ...NO_LIMITS, cpus: 0.5, memoryBytes: 64 * 1024 * 1024 },
      });
      expect(await target.install(change('install', 1), one)).toEqual({ outcome: 'done', end: null });
      const run =
        'echo "$HOME $DOCKER_HOST $FROM_IMAGE"; [ "$PRIVATE_KEY" = "$(printf "line one\\nline two")" ]';
      expect(await target.run(change('run', 2), { run, digest: one.digest, environment: {} })).toEqual({
        outcome: 'done',
        end: { code: 0, tail: ['/srv tcp://nowhere yes'] },
      });
      const late = { ...change('late', 3), timeoutMs: 3000 };
      const sleeping = { run: 'echo began; sleep 1000', digest: one.digest, environment: {} };
      const end = { code: 124, tail: ['began'] };
      expect(await target.run(late, sleeping)).toEqual({ outcome: 'done', end });
      expect(await target.probe(late)).toEqual({ found: 'done', end });
    } finally {
      await target.close();
      await harness.dispose();
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('are refused in a sentence when no engine could run them', async () => {
    const target = openOn({
      environment: engine!.environment,
      folder: '/area',
      ports: { first: 1, last: 1 },
    });
    for (const [wrong, sentence] of [
      [release({ content: { kind: 'files', folder: '/' } }), 'give the service an `image`'],
      [release({ content: { kind: 'image', image: '--privileged' } }), 'name it as NAME@sha256:'],
      [release({ secrets: { PATH: 'x' } }), 'give it another one'],
      [release({ environment: { 'A B': 'x' } }), 'is no name of a variable'],
    ] as const) {
      const reply = await target.install(change('wrong', 1), wrong);
      expect(reply).toMatchObject({ outcome: 'refused', cause: 'invalid' });
      expect(reply.outcome === 'refused' && reply.reason).toContain(sentence);
      expect((await target.missing(wrong)).join()).toContain(sentence);
    }
  });

  it('are told from an engine that is silent', async () => {
    const environment = { ...engine!.environment, DOCKER_HOST: 'unix:///no/such/socket' };
    const target = openOn({ environment, folder: '/area', ports: { first: 1, last: 1 } });
    const one = release({});
    expect(await target.install(change('install', 1), one)).toMatchObject({
      outcome: 'refused',
      cause: 'failed',
    });
    expect(await target.probe(change('install', 1))).toMatchObject({ found: 'unknown' });
    expect((await target.missing(one)).join()).toContain('the engine does not answer');
    expect((await target.drift()).join()).toContain('the engine does not answer');
    await expect(target.instances('engine')).rejects.toThrow();
    const instance = { id: 'x', host: 'engine', digest: 'd', address: null, startedAtMs: 0, isRunning: true };
    expect(await target.health([instance], [], 300)).toMatchObject({ state: 'undecided', host: 'engine' });
  });
});
