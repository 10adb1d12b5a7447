import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { targetContract } from '../../../../test/contract/target.contract.ts';
import { type SshHarness, sshTargetHarness } from '../../../../test/support/host-target-harness.ts';
import { needs } from '../../../../test/support/require.ts';
import { makeKey, missingForSshd } from '../../../../test/support/sshd.ts';
import type { HostDefinition } from '../../../pipeline/plan-environment.ts';
import type { Change, Release, Target } from '../contract.ts';
import { openSshTarget } from './ssh-target.ts';

const missing = missingForSshd();

targetContract('ssh target', (context, folder) => {
  needs(context, 'an SSH server', missing === null, missing ?? '');
  return sshTargetHarness(folder);
});

describe('ssh connection', () => {
  let folder: string;
  let harness: SshHarness;
  let opened: Target[];

  beforeEach(async (context) => {
    needs(context, 'an SSH server', missing === null, missing ?? '');
    folder = mkdtempSync(join(tmpdir(), 'sluice-ssh-target-'));
    harness = await sshTargetHarness(folder);
    opened = [];
  });
  afterEach(async () => {
    for (const target of opened ?? []) await target.close();
    await harness?.dispose();
    if (folder) rmSync(folder, { recursive: true, force: true });
  });

  const change = (key: string, more: Partial<Change> = {}): Change => ({
    key,
    fence: { token: 1, order: 1 },
    host: '127.0.0.1',
    timeoutMs: 20_000,
    ...more,
  });
  const release = async (): Promise<Release> => ({
    service: 'shop',
    ...(await harness.build({ 'www/health': 'well' })),
    command: 'sleep 1000',
    directory: '.',
    environment: {},
    secrets: {},
    port: null,
    resources: { cpus: null, memoryBytes: null, diskBytes: null, replicas: null },
    drainMs: 100,
  });
  /** Another way to the same host. */
  const openWith = (host: Partial<HostDefinition>, key: string | null = harness.sshd.privateKey): Target => {
    const { hostKey, port, user } = harness.sshd;
    const target = openSshTarget({
      directory: join(folder, 'target'),
      hosts: [{ host: '127.0.0.1', port, user, hostKey, key: 'DEPLOY_KEY', ...host }],
      ports: null,
      systemd: false,
      keepReleases: 1,
      secret: async () => key,
      environment: process.env,
    });
    opened.push(target);
    return target;
  };
  const open = () => openWith({});
  const connectionFolder = () => {
    const name = readdirSync(tmpdir()).find((each) => each.startsWith(`sluice-ssh-${process.pid}-`));
    return name === undefined ? null : join(tmpdir(), name);
  };

  it('changes nothing on a host with another key', async () => {
    makeKey(join(folder, 'other'));
    const hostKey = readFileSync(join(folder, 'other.pub'), 'utf8');
    const reply = await openWith({ hostKey }).install(change('install'), await release());
    expect(reply).toMatchObject({ outcome: 'refused', cause: 'failed' });
    expect(JSON.stringify(reply)).toContain('another host key');
    expect(existsSync(join(folder, 'target'))).toBe(false);
  });

  it('says what is wrong with a key or an address, and changes nothing', async () => {
    for (const [name, passphrase] of [
      ['stranger', ''],
      ['closed', 'a passphrase'],
    ] as const)
      makeKey(join(folder, name), passphrase);
    const text = (name: string) => readFileSync(join(folder, name), 'utf8');
    const cases: [target: Target, words: string][] = [
      [openWith({}, text('stranger')), 'authorized_keys'],
      [openWith({}, text('closed')), 'passphrase'],
      [openWith({}, text('stranger.pub')), 'public key'],
      [openWith({}, null), 'sluice secret set DEPLOY_KEY'],
      [openWith({ port: 1 }), 'start sshd'],
      [openWith({ user: '-oProxyCommand=x' }), 'correct `user`'],
      [openWith({ hostKey: 'none' }), 'ssh-keyscan'],
    ];
    const one = await release();
    for (const [target, words] of cases) {
      const reply = await target.install(change('install'), one);
      expect(reply).toMatchObject({ outcome: 'refused', cause: 'failed' });
      expect(JSON.stringify(reply)).toContain(words);
      expect(JSON.stringify(reply)).not.toContain('PRIVATE');
    }
    expect(existsSync(join(folder, 'target'))).toBe(false);
  });

  it('takes a key with line ends of DOS', async () => {
    const target = openWith({}, harness.sshd.privateKey.replaceAll('\n', '\r\n').trim());
    expect(await target.install(change('install'), await release())).toEqual(DONE);
  });

  it('leaves the key on no disk once it is connected, and nothing when it is closed', async () => {
    const target = open();
    expect(await target.instances('127.0.0.1')).toEqual([]);
    expect(readdirSync(connectionFolder()!).sort()).toEqual(['known', 's']);
    await target.close();
    expect(connectionFolder()).toBe(null);
  });

  it('finds again what went on while the connection was cut', async () => {
    const target = open();
    const one = await release();
    expect(await target.install(change('install'), one)).toEqual(DONE);
    const running = change('run');
    const spec = {
      run: `echo began >> ${folder}/ledger; while [ ! -e ${folder}/gate ]; do sleep 0.1; done; echo over`,
      digest: one.digest,
      environment: {},
    };
    const call = target.run(running, spec);
    await expect.poll(() => existsSync(join(folder, 'ledger')), { timeout: 10_000 }).toBe(true);
    harness.sshd.cut();
    expect(await call).toMatchObject({ outcome: 'unknown' });
    expect(await target.probe(running)).toMatchObject({ found: 'unknown' });
    writeFileSync(join(folder, 'gate'), '');
    await expect
      .poll(() => target.probe(running), { timeout: 10_000 })
      .toEqual({ found: 'done', end: { code: 0, tail: ['over'] } });
    expect(readFileSync(join(folder, 'ledger'), 'utf8')).toBe('began\n');
  });

  it('leaves no release in part when the connection is cut', async () => {
    const target = open();
    const one = await release();
    if (one.content.kind !== 'files') throw new Error('no files');
    for (let index = 0; index < 100; index++)
      appendFileSync(join(one.content.folder, `file-${index}`), 'x'.repeat(500_000));
    const releases = join(folder, 'target', 'releases');
    const call = target.install(change('install'), one);
    const arrived = () => (existsSync(releases) ? readdirSync(releases, { recursive: true }).length : 0);
    await expect.poll(arrived, { interval: 2, timeout: 10_000 }).toBeGreaterThan(10);
    harness.sshd.cut();
    expect((await call).outcome).not.toBe('done');
    const whole = () => readdirSync(releases).filter((name) => !name.startsWith('~'));
    expect(whole()).toEqual([]);
    await expect.poll(() => target.install(change('install'), one), { timeout: 15_000 }).toEqual(DONE);
    expect(whole()).toHaveLength(1);
  });

  it('goes on with a new connection', async () => {
    const target = open();
    const one = await release();
    expect(await target.install(change('install'), one)).toEqual(DONE);
    expect(await target.start(change('start'), one)).toEqual(DONE);
    harness.sshd.cut();
    await expect
      .poll(
        () =>
          target.instances('127.0.0.1').then(
            (all) => all.length,
            () => -1,
          ),
        { timeout: 10_000 },
      )
      .toBe(1);
  });
});

const DONE = { outcome: 'done', end: null };
