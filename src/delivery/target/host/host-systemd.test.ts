import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import type { TargetHarness } from '../../../../test/contract/target.contract.ts';
import { processTargetHarness } from '../../../../test/support/host-target-harness.ts';
import { needs } from '../../../../test/support/require.ts';
import type { Change, Release, Target } from '../contract.ts';
import { openProcessTarget } from '../process/process-target.ts';

const hasPerl = existsSync('/usr/bin/perl');
const DONE = { outcome: 'done', end: null };

/** With a program in systemd-run's place that writes down how it is called, and starts what it is given as a service would be. */
describe('systemd', () => {
  let folder: string;
  let harness: TargetHarness;
  let target: Target;

  beforeEach(async (context) => {
    needs(context, 'perl', hasPerl, 'apt-get install perl-base');
    folder = mkdtempSync(join(tmpdir(), 'sluice-systemd-'));
    harness = await processTargetHarness(folder);
    mkdirSync(join(folder, 'bin'));
    const script = [
      '#!/bin/sh',
      `printf '%s\\n' "$@" > ${folder}/words`,
      `[ -e ${folder}/broken ] && exit 1`,
      'while [ "$1" != -- ]; do shift; done; shift',
      'exec setsid env -i PATH="$PATH" "$@" > /dev/null 2>&1 < /dev/null &',
    ];
    writeFileSync(join(folder, 'bin', 'systemd-run'), script.join('\n'), { mode: 0o755 });
    target = openProcessTarget({
      directory: join(folder, 'target'),
      hosts: ['localhost'],
      ports: null,
      systemd: true,
      keepReleases: 1,
      environment: { ...process.env, PATH: `${folder}/bin:${process.env.PATH}` },
    });
  });
  afterEach(async () => {
    await target?.close();
    await harness?.dispose();
    if (folder) rmSync(folder, { recursive: true, force: true });
  });

  const change = (order: number): Change => ({
    key: `${order}`,
    fence: { token: 1, order },
    host: 'localhost',
    timeoutMs: 20_000,
  });
  const release = async (): Promise<Release> => ({
    service: 'shop',
    ...(await harness.build({ 'www/health': 'well' })),
    command: `echo "$COLOUR" >> ${folder}/ledger; exec sleep 1000`,
    directory: '.',
    environment: { COLOUR: 'blue' },
    secrets: { TOKEN: 'correct-horse-battery' },
    port: null,
    resources: { cpus: 1.5, memoryBytes: 100_000_000, diskBytes: null, replicas: null },
    drainMs: 2000,
  });

  it('keeps each supervisor as a service with its limits', async () => {
    const one = await release();
    expect(await target.install(change(1), one)).toEqual(DONE);
    expect(await target.start(change(2), one)).toEqual(DONE);
    const [instance] = await target.instances('localhost');
    expect(instance).toMatchObject({ isRunning: true });
    expect(await target.health([instance!], [], 10_000)).toEqual({ state: 'healthy' });
    const words = readFileSync(join(folder, 'words'), 'utf8').split('\n');
    expect(words).toEqual(
      expect.arrayContaining([
        '--collect',
        `--unit=sluice-${instance!.id}`,
        '--property=KillMode=mixed',
        '--property=TimeoutStopSec=12',
        '--property=Restart=on-failure',
        '--property=MemoryMax=100000000',
        '--property=CPUQuota=150%',
      ]),
    );
    expect(words.join('\n')).not.toContain('correct-horse');
    expect(readFileSync(join(folder, 'ledger'), 'utf8')).toBe('blue\n');
    expect(await target.stop(change(3), one.digest)).toEqual(DONE);
    expect(await target.instances('localhost')).toEqual([]);
  });

  it('that does not take a service changes nothing', async () => {
    const one = await release();
    expect(await target.install(change(1), one)).toEqual(DONE);
    writeFileSync(join(folder, 'broken'), '');
    const reply = await target.start(change(2), one);
    expect(reply).toMatchObject({ outcome: 'refused', cause: 'failed' });
    expect(JSON.stringify(reply)).toContain('systemd: false');
    expect(readdirSync(join(folder, 'target', 'instances'))).toEqual([]);
  });
});
