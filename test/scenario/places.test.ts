import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, type TestContext } from 'vitest';
import { missingForDocker, startDockerEngine } from '../support/docker-engine.ts';
import { type ExampleOptions, ExampleProduction } from '../support/example-production.ts';
import { haproxyIn } from '../support/haproxy.ts';
import { freePorts } from '../support/host-target-harness.ts';
import { nginxIn } from '../support/nginx.ts';
import { bridgePorts } from '../support/port-bridge.ts';
import { killProcessesOf } from '../support/processes.ts';
import { RealPrometheus } from '../support/prometheus.ts';
import { startRegistry } from '../support/registry.ts';
import { isThere, needs } from '../support/require.ts';
import { missingForSshd, startSshd } from '../support/sshd.ts';

const TARGET = 'target: { kind: process, ports: 18120-18129 }';
const ROUTER = "router: { kind: proxy, listen: '127.0.0.1:18102' }";
const SERVICE = '    artifact: links\n    directory: dist\n    command: node main.js\n    port';
/** Shorter, and as safe: what is bad here is very bad. */
const SHORT = { 'observe: 10s, min_sample: 40, bake: 3s': 'observe: 6s, min_sample: 40, bake: 1s' };

interface BadBuild {
  readonly fault: string;
  readonly trigger: RegExp;
  /** Requests that fail at most until it is gone; on a busy machine it takes half a minute until there are windows enough. */
  readonly failuresMax: number;
}
const ERRORS: BadBuild = { fault: 'errors', trigger: /^harm$/, failuresMax: 120 };
const CRASH: BadBuild = { fault: 'crash', trigger: /^(harm|health)$/, failuresMax: 120 };
const SLOW: BadBuild = { fault: 'slow', trigger: /^harm$/, failuresMax: 0 };

let folder: string;
const closings: (() => Promise<void>)[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-places-'));
});

afterEach(async () => {
  for (const close of closings.splice(0).reverse()) await close();
  killProcessesOf(folder);
  rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
});

describe('sluice deploy of the example service', () => {
  it('brings and takes back over SSH, behind HAProxy', { timeout: 240_000 }, async (context) => {
    needs(context, 'haproxy', isThere('haproxy'), 'apt-get install haproxy');
    needsSshd(context);
    const [haproxy, port] = [await haproxyIn(folder), await freePorts(5)];
    closings.push(() => haproxy.stop());
    const sshd = await startSshd(join(folder, 'sshd'), port + 4);
    closings.push(() => sshd.stop());
    const { host, user, hostKey, privateKey } = sshd;
    const login = JSON.stringify({ host, port: port + 4, user, key: 'DEPLOY_KEY', host_key: hostKey });
    const target = `{ kind: ssh, directory: ${join(folder, 'srv')}, ports: ${port}-${port + 3}, systemd: false }`;
    const { socket, backend } = haproxy.options;
    await bringAndTakeBack(ERRORS, {
      changes: {
        [TARGET]: `hosts: [${login}]\n    target: ${target}`,
        [ROUTER]: `router: { kind: haproxy, socket: ${socket}, backend: ${backend} }`,
      },
      address: addressOf(haproxy.listen),
      variables: { DEPLOY_KEY: privateKey },
    });
  });

  it('brings and takes back as a process, behind nginx', { timeout: 240_000 }, async (context) => {
    needs(context, 'nginx', isThere('nginx'), 'apt-get install nginx-light');
    const nginx = await nginxIn(folder);
    closings.push(() => nginx.stop());
    const { config, upstream, reload } = nginx.options;
    const router = JSON.stringify({ kind: 'nginx', config, upstream, reload });
    await bringAndTakeBack(SLOW, {
      changes: { [ROUTER]: `router: ${router}` },
      address: addressOf(nginx.listen),
      // A reload closes connections that wait for their next request.
      mayBreak: /^(read ECONNRESET|socket hang up|write EPIPE)$/,
    });
  });

  it('brings and takes back as a container, behind the proxy', { timeout: 240_000 }, async (context) => {
    const missing = await missingForDocker();
    needs(context, 'docker', missing === null, missing ?? '');
    const engine = await startDockerEngine();
    closings.push(() => engine.stop());
    const bridge = await bridgePorts(engine, folder, 6);
    closings.push(() => bridge.close());
    const registry = await startRegistry(engine, folder);
    closings.push(() => registry.stop());
    const { first } = bridge;
    await bringAndTakeBack(CRASH, {
      changes: {
        [TARGET]: `target: { kind: docker, ports: ${first}-${first + 5} }`,
        [SERVICE]: `    image: ${registry.image}\n    port`,
        // The test packs it, so no run tells its digest, and no gate can be asked for.
        'protection: { gates: *gates }': 'protection: { gates: [] }',
      },
      pack: (built) => registry.push(built),
      variables: { DOCKER_HOST: engine.environment.DOCKER_HOST! },
    });
  });

  it('brings and takes back by the counters in Prometheus', { timeout: 240_000 }, async (context) => {
    const first = await freePorts(10);
    const services = Array.from({ length: 10 }, (_, index) => `127.0.0.1:${first + index}`);
    const prometheus = await RealPrometheus.start(context, folder, services);
    closings.push(() => prometheus.stop());
    const source = JSON.stringify({
      prometheus: prometheus.url,
      query: 'http_requests_total{commit="${{ deploy.commit }}"}',
    });
    await bringAndTakeBack(ERRORS, {
      changes: {
        [TARGET]: `target: { kind: process, ports: ${first}-${first + 9} }`,
        'analysis: { interval: 500ms, latency: 3x }': `analysis: { interval: 500ms, latency: false, source: ${source} }`,
      },
    });
  });
});

interface Surroundings extends Pick<ExampleOptions, 'changes' | 'address' | 'variables' | 'pack'> {
  readonly mayBreak?: RegExp;
}

/** A good version under load becomes the one that serves; a bad one after it is found, gone and in quarantine. */
async function bringAndTakeBack(
  { fault, trigger, failuresMax }: BadBuild,
  { mayBreak = /^$/, changes, ...surroundings }: Surroundings,
): Promise<void> {
  const production = new ExampleProduction({
    weights: [25, 100],
    requestsPerSecond: 100,
    changes: { ...changes, ...SHORT },
    ...surroundings,
  });
  closings.push(() => production.close());
  await production.begin();

  await production.build('none');
  const good = await production.deploy();
  const proven = JSON.parse(good.stdout);
  expect(proven, good.stderr).toMatchObject({ outcome: 'succeeded', candidatePercent: 100 });
  const serving = await production.serving();
  expect(serving).toMatchObject({ commit: proven.commit });
  expect(brokenOf(production, mayBreak)).toEqual({});

  await production.build(fault);
  const bad = await production.deploy();
  const told = JSON.parse(bad.stdout);
  expect(told, bad.stderr).toMatchObject({ outcome: 'rolled-back', candidatePercent: 0 });
  expect(told.rollback.trigger).toMatch(trigger);
  expect(await production.serving()).toEqual(serving);
  // Only what the bad version did, and not much of it.
  const ends = Object.entries(brokenOf(production, mayBreak));
  expect(ends.filter(([end]) => !/^5\d\d$/.test(end))).toEqual([]);
  expect(ends.reduce((sum, [, count]) => sum + count, 0)).toBeLessThanOrEqual(failuresMax);
  const quarantined = await production.sluice('deployment', 'quarantine', '--json');
  expect(quarantined.stdout).toContain(told.candidate);
  expect(await production.deploy()).toMatchObject({ code: 2, stderr: expect.stringContaining('quarantine') });
}

/** What failed, by how, but for what may break here. */
function brokenOf(production: ExampleProduction, mayBreak: RegExp): Readonly<Record<string, number>> {
  const ends = Object.entries(production.load().byStatus);
  return Object.fromEntries(ends.filter(([end]) => !/^[234]\d\d$/.test(end) && !mayBreak.test(end)));
}

function needsSshd(context: TestContext): void {
  const missing = missingForSshd();
  needs(context, 'sshd', missing === null, missing ?? '');
}

function addressOf({ host, port }: { readonly host: string; readonly port: number }): string {
  return `${host}:${port}`;
}
