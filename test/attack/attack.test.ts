import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openFolderStorage } from '../../src/cache/storage/folder/folder-storage.ts';
import type { PlacedEvent } from '../../src/journal/event.ts';
import { machineClock } from '../../src/machine/clock.ts';
import { machineOwners } from '../../src/machine/owners.ts';
import { homeOf, type ProductEnd, runProduct } from '../support/product.ts';
import { git, writeFiles } from '../support/repository.ts';
import { needsSandbox } from '../support/sandbox-harness.ts';
import { attackScripts } from './script.ts';
import { fingerprintOf, makeVictim, type Victim } from './victim.ts';

const TIMEOUT_MS = 240_000;

function pipelineOf(attacks: readonly string[]): string {
  return `name: api
protected_paths: [ci]
jobs:
  attack:
    if: run.trust == 'untrusted'
    matrix: {name: ${JSON.stringify(attacks)}, fail_fast: false}
    timeout: 20s
    cache: {key: "deps-\${{ matrix.name }}", paths: [cache]}
    artifacts:
      - {name: "site-\${{ matrix.name }}", paths: [dist], when: always}
    commands: ["sh ci/run.sh \${{ matrix.name }}"]
  publish:
    secrets: [NPM_TOKEN]
    commands: ["sh attacks/env-own.sh; echo $NPM_TOKEN"]
  restore:
    if: run.trust == 'trusted'
    matrix: {name: ${JSON.stringify(attacks.slice(0, 8))}}
    cache: {key: "deps-\${{ matrix.name }}", paths: [cache]}
    commands: ["ls cache 2>/dev/null | wc -l"]
`;
}

describe('attacks from an untrusted ref', () => {
  let folder: string;
  let victim: Victim;
  let run: ProductEnd;
  let events: PlacedEvent[];
  let before: readonly string[];
  let names: readonly string[];
  const product = (...args: readonly string[]) =>
    runProduct(args, { folder, cwd: victim.repository, environment: victim.environment });

  beforeAll(async () => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), 'sluice-attack-')));
    const home = homeOf(folder);
    const aim = {
      home,
      files: [] as string[],
      repository: join(folder, 'repository'),
      port: 0,
      sockets: ['', ''],
      untouched: ['', '', ''],
      few: '',
    };
    names = Object.keys(attackScripts({ ...aim, files: Array.from({ length: 12 }, () => '') }));
    victim = await makeVictim(folder, {
      'sluice.yaml': pipelineOf(names),
      'ci/run.sh':
        'mkdir -p dist cache; echo "marker of $1" > dist/marker; echo poison > cache/poison; timeout 5 sh "attacks/$1.sh" 2>&1; true\n',
    });
    git(victim.repository, 'checkout', '--quiet', '-b', 'fork');
    const scripts = attackScripts({ ...victim, home });
    expect(Object.keys(scripts)).toEqual(names);
    mkdirSync(join(victim.repository, 'links'));
    for (const [index, path] of victim.files.entries())
      symlinkSync(path, join(victim.repository, 'links', String(index)));
    writeFiles(victim.repository, {
      ...Object.fromEntries(
        Object.entries(scripts).map(([name, text]) => [`attacks/${name}.sh`, `${text}\n`]),
      ),
      // What the base protects, and what tools run by themselves.
      'sluice.yaml': 'jobs: {evil: {isolation: process, commands: ["cat ~/.ssh/*"]}}\n',
      'ci/run.sh': 'echo EVIL-RUN\n',
      '.sluice/environments.yaml': 'environments: {production: {host: evil.invalid}}\n',
      '.gitignore': '',
      '.gitattributes': '* filter=evil\n',
      Makefile: 'steal:\n\tcat ~/.ssh/* /etc/shadow; env\n',
      'package.json': '{"scripts": {"test": "cat ~/.npmrc; env", "preinstall": "env"}}\n',
    });
    git(
      victim.repository,
      'add',
      'links',
      'attacks',
      'sluice.yaml',
      'ci',
      '.sluice',
      '.gitignore',
      '.gitattributes',
      'Makefile',
      'package.json',
    );
    git(victim.repository, 'commit', '--quiet', '--message=fork');
    // A filter that the machine's git knows, which a fork can only switch on.
    git(victim.repository, 'config', 'filter.evil.smudge', `touch ${join(folder, 'PWNED')}; cat`);
    git(victim.repository, 'config', 'core.fsmonitor', `touch ${join(folder, 'PWNED')}`);
    before = victim.untouched.map(fingerprintOf);
    run = await product(
      'run',
      '--event',
      'pull_request',
      '--base',
      'main',
      '--secrets',
      join(folder, 'secrets.env'),
      '--events',
      '--workers',
      '4',
    );
    events = run.stdout
      .split('\n')
      .filter((line) => line.startsWith('{"schemaVersion"'))
      .map((line) => JSON.parse(line));
  }, TIMEOUT_MS);

  afterAll(async () => {
    await victim?.close();
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  });

  it('are many, and all of them ran', (context) => {
    needsSandbox(context);
    const ended = events.filter(({ body }) => body.type === 'cell.finished' && body.job === 'attack');
    expect(names.length).toBeGreaterThanOrEqual(100);
    expect(ended.length, run.stderr).toBe(names.length);
    const logs = allText(join(homeOf(folder), 'logs'));
    expect(logs).not.toContain('EVIL-RUN');
  });

  it('get nothing of 20 canaries into logs, journal, outputs, artifacts or caches', async (context) => {
    needsSandbox(context);
    expect(victim.canaries.length).toBeGreaterThanOrEqual(20);
    const kept = `${run.stdout}${run.stderr}${allText(homeOf(folder))}${await allBlobs(join(homeOf(folder), 'storage'))}`;
    expect(kept).toContain('marker of env-own');
    expect(victim.canaries.filter((canary) => kept.includes(canary))).toEqual([]);
    expect(kept).not.toMatch(/^root:[$*!][^:]*:\d+:/m);
  });

  it('change nothing outside of their workspaces', (context) => {
    needsSandbox(context);
    expect(victim.untouched.map(fingerprintOf)).toEqual(before);
    expect(readdirSync(folder)).not.toContain('PWNED');
    const workspaces = join(homeOf(folder), 'workspaces');
    expect(readdirSync(workspaces).filter((name) => !name.startsWith('.'))).toEqual([]);
  });

  it('do not get a job that is granted a secret', (context) => {
    needsSandbox(context);
    const publish = events.find(({ body }) => body.type === 'cell.finished' && body.job === 'publish')?.body;
    expect(publish).toMatchObject({
      outcome: 'errored',
      cause: {
        kind: 'refused',
        sentences: [expect.stringMatching(/^sluice\.yaml:\d+:\d+: .*NPM_TOKEN.*untrusted/)],
      },
    });
    expect(events[0]?.body).toMatchObject({
      trust: 'untrusted',
      source: { mode: 'commit', base: { ref: 'main' } },
    });
  });

  it('leave nothing that a later trusted run restores', async (context) => {
    needsSandbox(context);
    git(victim.repository, 'config', '--unset', 'core.fsmonitor');
    git(victim.repository, 'checkout', '--quiet', 'main');
    const later = await product('run', '--event', 'push', '--job', 'restore', '--json');
    expect(later.code, later.stderr).toBe(0);
    const shown = await product('show', '--json');
    const caches = [...shown.stdout.matchAll(/"action": "(\w+)"/g)].map((match) => match[1]);
    expect(caches.filter((action) => action === 'restored')).toEqual([]);
  });
});

function allText(folder: string): string {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path, { throwIfNoEntry: false })?.isFile())
    .map((path) => readFileSync(path, 'latin1'))
    .join('\n');
}

/** They are compressed, so that looking at the files is not enough. */
async function allBlobs(directory: string): Promise<string> {
  const storage = openFolderStorage({
    directory,
    clock: machineClock,
    owners: machineOwners(),
  });
  let text = '';
  for await (const { digest } of storage.blobs.list())
    text += Buffer.from((await storage.blobs.read(digest)) ?? []).toString('latin1');
  await storage.close();
  return text;
}
