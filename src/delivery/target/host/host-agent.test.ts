import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { TargetHarness } from '../../../../test/contract/target.contract.ts';
import { freePorts, processTargetHarness } from '../../../../test/support/host-target-harness.ts';
import { killProcess, processesOf } from '../../../../test/support/processes.ts';
import { needs } from '../../../../test/support/require.ts';
import { digestOf } from '../../../base/digest.ts';
import type { Change, Release, Target } from '../contract.ts';
import { localTransport } from '../process/local-transport.ts';
import { openProcessTarget } from '../process/process-target.ts';
import { agentScript, BOOTSTRAP } from './agent-script.ts';
import { changeFields, commandFields } from './request.ts';
import { decodeAnswer, encodeRequest } from './wire.ts';

const hasPerl = existsSync('/usr/bin/perl');
const SECRET = 'first-line-of-it\nsecond-line-of-it';

describe('host agent', () => {
  let folder: string;
  let directory: string;
  let harness: TargetHarness;
  let target: Target;
  let order: number;

  beforeEach(async (context) => {
    needs(context, 'perl', hasPerl, 'apt-get install perl-base');
    folder = mkdtempSync(join(tmpdir(), 'sluice-agent-'));
    directory = join(folder, 'target');
    harness = await processTargetHarness(folder);
    target = harness.open();
    order = 0;
  });
  afterEach(async () => {
    await target?.close();
    await harness?.dispose();
    if (folder) rmSync(folder, { recursive: true, force: true });
  });

  const change = (key: string, more: Partial<Change> = {}): Change => ({
    key,
    fence: { token: 1, order: ++order },
    host: 'localhost',
    timeoutMs: 20_000,
    ...more,
  });
  const release = async (command: string, more: Partial<Release> = {}): Promise<Release> => ({
    service: 'shop',
    ...(await harness.build({ 'www/health': command })),
    command,
    directory: '.',
    environment: {},
    secrets: { TOKEN: SECRET },
    port: null,
    resources: { cpus: null, memoryBytes: null, diskBytes: null, replicas: null },
    drainMs: 500,
    ...more,
  });
  /** Notes each start, and stays. */
  const staying = (more: Partial<Release> = {}) =>
    release(`echo up >> ${folder}/ledger; exec sleep 1000`, more);
  const install = async (one: Release) =>
    expect(await target.install(change(`i${order}`), one)).toEqual(DONE);
  const start = async (one: Release) => {
    await install(one);
    expect(await target.start(change(`s${order}`), one)).toEqual(DONE);
  };
  const run = (key: string, text: string, { digest }: Release, more: Partial<Change> = {}) =>
    target.run(change(key, more), { run: text, digest, environment: {} });
  const contentOf = (file: string) => (existsSync(file) ? readFileSync(file, 'utf8') : '');
  const ledger = () => contentOf(join(folder, 'ledger')).split('\n').filter(Boolean);
  /** Processes of the agent that do this, supervisors among them. */
  const agentsThat = (what: string) =>
    processesOf(folder).filter(({ command }) => command.startsWith(`sluice: ${what} `));
  const killAgents = (what: string) => agentsThat(what).filter(({ pid }) => killProcess(pid)).length;
  const sleepers = () => processesOf(folder).filter(({ command }) => command === 'sleep 1000').length;
  const filesIn = (place: string): string[] =>
    readdirSync(place, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name));

  describe('killed itself', () => {
    it('while it starts instances, leaves what the next request finishes', async () => {
      for (const afterMs of [0, 20, 40, 60, 90]) {
        const one = await staying({ service: `shop${afterMs}`, resources: { ...NO_LIMITS, replicas: 3 } });
        await install(one);
        const starting = change(`start ${afterMs}`);
        const call = target.start(starting, one);
        await expect
          .poll(() => agentsThat('start').length, { interval: 2, timeout: 15_000 })
          .toBeGreaterThan(0);
        await delay(afterMs);
        killAgents('start');
        await call;
        expect(await target.start(starting, one)).toEqual(DONE);
        expect(await target.instances('localhost')).toHaveLength(3);
        expect(sleepers()).toBe(3);
        expect(await target.stop(change(`stop ${afterMs}`), one.digest)).toEqual(DONE);
        expect(sleepers()).toBe(0);
      }
    });

    it('while it brings files, leaves no release in part', async () => {
      const one = await staying();
      if (one.content.kind !== 'files') throw new Error('no files');
      for (let index = 0; index < 400; index++)
        writeFileSync(join(one.content.folder, `file-${index}`), 'x'.repeat(10_000));
      const installing = change('install');
      const call = target.install(installing, one);
      await expect
        .poll(() => filesIn(join(directory, 'releases')).length, { interval: 2, timeout: 15_000 })
        .toBeGreaterThan(20);
      killAgents('install');
      expect((await call).outcome).not.toBe('done');
      expect(readdirSync(join(directory, 'releases')).filter((name) => !name.startsWith('~'))).toEqual([]);
      expect(await target.probe(installing)).toEqual({ found: 'not-done' });
      expect(await target.install(installing, one)).toEqual(DONE);
      expect(readdirSync(join(directory, 'releases'))).toHaveLength(1);
      expect(await target.missing(one)).toEqual([]);
    });

    it('while it stops instances, leaves what the next request finishes', async () => {
      const one = await release("trap '' TERM; while :; do sleep 0.1; done", { drainMs: 1500 });
      await start(one);
      const stopping = change('stop');
      const call = target.stop(stopping, one.digest);
      await expect.poll(() => agentsThat('stop').length, { interval: 5, timeout: 15_000 }).toBeGreaterThan(0);
      await delay(150);
      killAgents('stop');
      await call;
      expect(await target.stop(stopping, one.digest)).toEqual(DONE);
      expect(await target.instances('localhost')).toEqual([]);
      expect(processesOf(folder)).toEqual([]);
    });

    it('with its command, leaves one that failed and is not run again', async () => {
      const one = await staying();
      await install(one);
      const running = change('migrate');
      const spec = { run: `echo up >> ${folder}/ledger; sleep 1000`, digest: one.digest, environment: {} };
      const call = target.run(running, spec);
      await expect.poll(ledger, { timeout: 15_000 }).toEqual(['up']);
      killAgents('run');
      killAgents('a');
      expect(await call).toMatchObject({ outcome: 'unknown' });
      expect(await target.probe(running)).toMatchObject({ found: 'failed' });
      expect(await target.run(running, spec)).toMatchObject({ outcome: 'unknown' });
      expect(ledger()).toEqual(['up']);
    });
  });

  describe('supervisor that was killed', () => {
    it('is replaced when somebody looks, and leaves nothing beside it', async () => {
      const one = await staying();
      await start(one);
      const [before] = await target.instances('localhost');
      await expect.poll(ledger, { timeout: 15_000 }).toHaveLength(1);
      expect(killAgents('shop')).toBe(1);
      expect((await target.drift()).join()).toContain('has lost its supervisor');
      const end = await target.health([before!], [], 10_000);
      expect(end).toEqual({ state: 'healthy' });
      await expect.poll(ledger, { timeout: 15_000 }).toHaveLength(2);
      expect(sleepers()).toBe(1);
      expect(await target.instances('localhost')).toEqual([before]);
      expect(await target.drift()).toEqual([]);
    });
  });

  describe('request that comes late', () => {
    it('does nothing once somebody was told that it was not done', async () => {
      const one = await staying();
      await install(one);
      const late = change('late');
      const spec = { run: `echo up >> ${folder}/ledger`, digest: one.digest, environment: {} };
      const request = encodeRequest([
        ['verb', 'run'],
        ['directory', directory],
        ['timeout', '5000'],
        ['ticket', '1'],
        ...changeFields(late),
        ...commandFields(spec),
      ]);
      expect(await target.probe(late)).toEqual({ found: 'not-done' });
      const words = ['-e', BOOTSTRAP, `${agentScript().length}`, `${request.length}`];
      const input = Buffer.concat([agentScript(), request]);
      const { output } = await localTransport(process.env).exchange(words, input, null, 5000);
      expect(decodeAnswer(output).at(-1)).toMatchObject({ reply: 'refused', cause: 'failed' });
      expect(ledger()).toEqual([]);
      expect(await target.run(late, spec)).toMatchObject({ outcome: 'done' });
      expect(ledger()).toEqual(['up']);
    });

    it('that was cut off does nothing', async () => {
      const request = encodeRequest([['verb', 'stop']]);
      const words = ['-e', BOOTSTRAP, `${agentScript().length}`, `${request.length + 1}`];
      const input = Buffer.concat([agentScript(), request]);
      const { output } = await localTransport(process.env).exchange(words, input, null, 5000);
      expect(output.length).toBe(0);
    });
  });

  describe('files', () => {
    it('arrive as they are, whatever they are called', async () => {
      const one = await staying();
      if (one.content.kind !== 'files') throw new Error('no files');
      const source = one.content.folder;
      const names = [
        '-rf',
        '@list',
        'two\nlines',
        "it's",
        '$(touch x)',
        'ünï — çode',
        ' ',
        '#',
        'a\\b',
        '~',
        '%',
      ];
      for (const name of names) writeFileSync(join(source, name), name);
      mkdirSync(join(source, 'empty'));
      symlinkSync('/etc/passwd', join(source, 'outside'));
      symlinkSync('nowhere', join(source, 'dangling'));
      writeFileSync(join(source, 'tool'), '#!/bin/sh\necho tool', { mode: 0o700 });
      writeFileSync(join(source, 'shut'), 'x');
      chmodSync(join(source, 'shut'), 0o400);
      await install(one);
      const there = join(directory, 'releases', one.digest.replace(':', '-'), 'files');
      expect(readdirSync(there).sort()).toEqual(readdirSync(source).sort());
      for (const name of names) expect(readFileSync(join(there, name), 'utf8')).toBe(name);
      expect(await run('tool', './tool', one)).toMatchObject({ end: { tail: ['tool'] } });
      expect(await target.missing(one)).toEqual([]);
      writeFileSync(join(there, '-rf'), 'changed');
      expect((await target.missing(one)).join()).toContain('-rf');
      expect((await target.drift()).join()).toContain('-rf');
      await install(one);
      expect(await target.missing(one)).toEqual([]);
      expect(readFileSync(join(there, '-rf'), 'utf8')).toBe('-rf');
    });

    it('of another kind are refused', async () => {
      const one = await staying();
      if (one.content.kind !== 'files') throw new Error('no files');
      execFileSync('mkfifo', [join(one.content.folder, 'pipe')]);
      expect(await target.install(change('install'), one)).toMatchObject({ outcome: 'refused' });
    });

    it('that are gone here are asked for, with what to do', async () => {
      const one = await staying();
      if (one.content.kind !== 'files') throw new Error('no files');
      rmSync(one.content.folder, { recursive: true });
      expect(await target.install(change('install'), one)).toMatchObject({
        outcome: 'refused',
        cause: 'not-found',
      });
      expect((await target.missing(one)).join()).toContain('build it again');
    });

    it('that go while they are brought leave nothing in part', async () => {
      const one = await staying();
      if (one.content.kind !== 'files') throw new Error('no files');
      const source = one.content.folder;
      for (let index = 0; index < 300; index++) writeFileSync(join(source, `${index}`), 'x'.repeat(20_000));
      const call = target.install(change('install'), one);
      const arrived = () => filesIn(join(directory, 'releases')).length;
      await expect.poll(arrived, { interval: 1, timeout: 15_000 }).toBeGreaterThan(5);
      rmSync(source, { recursive: true });
      const { outcome } = await call;
      const there = readdirSync(join(directory, 'releases')).filter((name) => !name.startsWith('~'));
      expect(there).toHaveLength(outcome === 'done' ? 1 : 0);
    });

    it('that find no room are not brought in part', async (context) => {
      needs(context, 'the right to mount', process.getuid?.() === 0, 'run as root');
      mkdirSync(directory);
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=3m,mode=700', 'tmpfs', directory]);
      try {
        const one = await staying();
        if (one.content.kind !== 'files') throw new Error('no files');
        writeFileSync(join(one.content.folder, 'large'), 'x');
        truncateSync(join(one.content.folder, 'large'), 6_000_000);
        expect((await target.missing(one)).join()).toContain('is full');
        const refused = { outcome: 'refused', cause: 'no-room' };
        expect(await target.install(change('large'), one)).toMatchObject(refused);
        // It fits by its length; what the file system itself needs does not.
        rmSync(join(one.content.folder, 'large'));
        for (let index = 0; index < 450; index++)
          writeFileSync(join(one.content.folder, `${index}`), 'x'.repeat(4097));
        expect(await target.install(change('many'), one)).toMatchObject(refused);
        expect(readdirSync(join(directory, 'releases'))).toEqual([]);
        // A full disk is not for ever.
        expect((await target.install(change('small'), await release('sleep 1'))).outcome).toBe('done');
      } finally {
        execFileSync('umount', [directory]);
      }
    });
  });

  describe('secrets', () => {
    it('lie in files of the user alone, and in no log', async () => {
      const one = await release('echo "$TOKEN"; echo "x${TOKEN}y"; exec sleep 1000');
      await start(one);
      await run('tell', 'echo "$TOKEN"; exit 1', one);
      const [instance] = await target.instances('localhost');
      const log = join(directory, 'instances', instance!.id, 'log');
      await expect.poll(() => contentOf(log).split('\n').length).toBeGreaterThan(2);
      expect(await target.stop(change('stop'), one.digest)).toEqual(DONE);
      const words = SECRET.split('\n');
      const holding = filesIn(directory).filter((file) =>
        words.some((word) => readFileSync(file).includes(word)),
      );
      expect(holding.map((file) => file.slice(directory.length))).toEqual([
        `/releases/${one.digest.replace(':', '-')}/configuration`,
      ]);
      expect(statSync(holding[0]!).mode & 0o077).toBe(0);
      expect(statSync(directory).mode & 0o077).toBe(0);
    });
  });

  describe('logs', () => {
    it('are turned over before they are large', async () => {
      const one = await release('yes | head -c 20000000; exec sleep 1000');
      await start(one);
      const [instance] = await target.instances('localhost');
      const place = join(directory, 'instances', instance!.id);
      const sizes = () =>
        readdirSync(place)
          .filter((name) => name.startsWith('log'))
          .map((name) => statSync(join(place, name)).size);
      await expect.poll(() => sizes().length, { timeout: 20_000 }).toBe(3);
      for (const size of sizes()) expect(size).toBeLessThanOrEqual(4 * 1024 * 1024);
    });
  });

  describe('instances', () => {
    it('are not started beside themselves with another configuration', async () => {
      const one = await staying();
      await start(one);
      const changed = { ...one, environment: { COLOUR: 'red' } };
      expect(await target.start(change('again'), changed)).toMatchObject({
        outcome: 'refused',
        cause: 'invalid',
      });
      expect(await target.start(change('same'), one)).toEqual(DONE);
      expect(await target.instances('localhost')).toHaveLength(1);
    });

    it('of other environments keep their ports while they are down', async () => {
      const first = await freePorts(2);
      const open = (name: string) =>
        openProcessTarget({
          directory: join(folder, name),
          hosts: ['localhost'],
          ports: { first, last: first + 1 },
          systemd: false,
          keepReleases: 1,
          environment: process.env,
        });
      const all = [open('staging'), open('production'), open('preview')];
      const one = await staying({ port: 8080 });
      const ports: (string | null)[] = [];
      for (const each of all.slice(0, 2)) {
        expect(await each.install(change(`i${order}`), one)).toEqual(DONE);
        expect(await each.start(change(`s${order}`), one)).toEqual(DONE);
        ports.push((await each.instances('localhost'))[0]!.address);
      }
      // Neither listens.
      expect(ports).toEqual([`127.0.0.1:${first}`, `127.0.0.1:${first + 1}`]);
      expect(await all[2]!.install(change('i'), one)).toEqual(DONE);
      expect(await all[2]!.start(change('s'), one)).toMatchObject({ cause: 'no-room' });
      for (const each of all) await each.close();
    });

    it('that are not there are never healthy', async () => {
      expect(await target.health([], [], 1000)).toMatchObject({ state: 'undecided' });
      const one = await staying();
      await start(one);
      const [instance] = await target.instances('localhost');
      const elsewhere = { ...instance!, host: 'elsewhere' };
      expect(await target.health([elsewhere], [], 1000)).toMatchObject({ state: 'undecided' });
      const gone = { ...instance!, id: 'shop-0000000000' };
      expect(await target.health([gone], [], 1000)).toMatchObject({ state: 'unhealthy' });
    });

    it('cannot start in a folder that is not there', async () => {
      const one = await staying({ directory: 'no/such' });
      await install(one);
      const reply = await target.start(change('start'), one);
      expect(reply).toMatchObject({ outcome: 'refused', cause: 'invalid' });
      expect(await target.instances('localhost')).toEqual([]);
      const outside = { ...one, directory: '../..' };
      expect(await target.start(change('outside'), outside)).toMatchObject({ cause: 'invalid' });
    });

    it('that nobody started are drift', async () => {
      await install(await staying());
      const mark = { SLUICE_INSTANCE: `${directory}/instances/shop-0000000000` };
      const script = 'sleep 1000 >/dev/null 2>&1 & echo $!';
      const pid = Number(execFileSync('sh', ['-c', script], { env: { ...process.env, ...mark } }));
      expect((await target.drift()).join()).toContain(`process ${pid}`);
      killProcess(pid);
    });
  });

  it('goes over several hosts, of which one that is bad decides', async () => {
    const two = openProcessTarget({
      directory: join(folder, 'two'),
      hosts: ['a', 'b'],
      ports: null,
      systemd: false,
      keepReleases: 1,
      environment: process.env,
    });
    const one = await staying();
    for (const host of two.hosts) {
      expect(await two.install(change(`install ${host}`, { host }), one)).toEqual(DONE);
      expect(await two.start(change(`start ${host}`, { host }), one)).toEqual(DONE);
    }
    const instances = (await Promise.all(two.hosts.map((host) => two.instances(host)))).flat();
    expect(instances.map(({ host }) => host)).toEqual(['a', 'b']);
    expect(await two.health(instances, [], 10_000)).toEqual({ state: 'healthy' });
    expect(await two.stop(change('stop', { host: 'b' }), one.digest)).toEqual(DONE);
    expect(await two.health(instances, [], 10_000)).toMatchObject({ state: 'unhealthy', host: 'b' });
    const there = join(folder, 'two', 'host-1', 'releases', one.digest.replace(':', '-'), 'files');
    writeFileSync(join(there, 'www', 'health'), 'changed');
    expect(await two.missing(one)).toEqual([
      expect.stringMatching(/^a: the files of the release are damaged/),
    ]);
    await two.close();
  });

  it('keeps a receipt under a key whatever the key is', async () => {
    const one = await staying();
    await install(one);
    for (const key of ['../../x', 'a\nb', 'ключ', 'x'.repeat(5000)]) {
      expect(await run(key, 'true', one)).toMatchObject({ outcome: 'done' });
      expect(existsSync(join(directory, 'changes', digestOf(key)))).toBe(true);
    }
  });
});

const DONE = { outcome: 'done', end: null };
const NO_LIMITS = { cpus: null, memoryBytes: null, diskBytes: null, replicas: null };
