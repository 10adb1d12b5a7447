import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it, type TestContext } from 'vitest';

import { collect } from '../../../test/contract/executor.contract.ts';
import { freshJobKey } from '../../../test/support/one-step.ts';
import { rungCheck } from '../../../test/support/process-harness.ts';
import { needs } from '../../../test/support/require.ts';
import { confinedTo, needsSandbox, PATH } from '../../../test/support/sandbox-harness.ts';
import { machineClock } from '../../machine/clock.ts';
import { type Executor, type Limits, StartError } from '../contract.ts';
import { openProcessExecutor } from '../process/process-executor.ts';
import { openSandboxExecutor } from '../sandbox/sandbox-executor.ts';
import { findControllers } from './controllers.ts';
import { openLimitGroups } from './limit-groups.ts';

const MIB = 1024 ** 2;
const NONE: Limits = { cpus: null, memoryBytes: null, processesMax: null, diskBytes: null };
const controllers = findControllers();

function needsControllers(context: TestContext): void {
  const way = 'run as root, or in a systemd unit with Delegate=yes';
  for (const name of ['memory', 'pids', 'cpu'] as const)
    needs(context, `control over ${name}`, controllers.has(name), way);
}

/** The groups of jobs that are there now, of this test's process. */
function groupsOf(jobKey: string): string[] {
  const parents = new Set([...controllers.values()].map(({ folder }) => folder));
  return [...parents].flatMap((folder) =>
    readdirSync(folder).filter((name) => name.startsWith(`sluice-limit-${jobKey}`)),
  );
}

for (const kind of ['process', 'sandbox'] as const) {
  describe(`limits, ${kind} executor`, () => {
    const folder = realpathSync(mkdtempSync(join(tmpdir(), 'sluice-limits-')));
    const work = join(folder, 'work');
    let executor: Executor;
    beforeAll(async () => {
      const options = { directory: join(folder, 'steps'), clock: machineClock };
      executor =
        kind === 'process'
          ? await openProcessExecutor(options)
          : await openSandboxExecutor({ ...options, path: PATH, requireSound: false }).catch(() => null!);
    });
    beforeEach((context) => {
      needsControllers(context);
      if (kind === 'sandbox') needsSandbox(context);
      mkdirSync(work);
      return () => rmSync(work, { recursive: true });
    });
    afterAll(async () => {
      await executor?.shutdown();
      rmSync(folder, { recursive: true });
    });

    const run = async (limits: Partial<Limits>, command: readonly string[]) => {
      const jobKey = freshJobKey();
      const confinement = confinedTo(work, { network: 'host', limits: { ...NONE, ...limits } });
      const job = await executor.openJob({ jobKey, confinement });
      let output = '';
      const step = await job.start({
        stepKey: 'one',
        command,
        directory: work,
        environment: { PATH },
        tty: false,
        onOutput: (chunk) => {
          output += Buffer.from(chunk).toString();
        },
      });
      const end = await step.ended;
      await job.close();
      job.forget();
      expect(groupsOf(jobKey)).toEqual([]);
      return { ...end, output };
    };

    it('name the memory', async () => {
      const { exit, limit } = await run({ memoryBytes: 48 * MIB }, ['perl', '-e', '$x = "a" x (200 << 20)']);
      expect(exit).toEqual({ kind: 'signal', signal: 'SIGKILL' });
      expect(limit).toEqual({ kind: 'memory', message: 'out of memory: limit 48 MiB' });
    });

    it('name the processes', async () => {
      const fork = 'for (1..500) { my $pid = fork; exit 3 if !defined $pid; if (!$pid) { sleep 100; exit } }';
      const { exit, limit } = await run({ processesMax: 64 }, ['perl', '-e', fork]);
      expect(exit).toEqual({ kind: 'code', code: 3 });
      expect(limit).toEqual({ kind: 'processes', message: 'process limit: 64' });
    });

    it('name the disk, when many files are too much', async () => {
      const write =
        'i=0; while :; do head -c 1000000 /dev/zero >"f$i" || exit 1; i=$((i+1)); sleep 0.01; done';
      const { limit } = await run({ diskBytes: 16 * MIB }, ['sh', '-c', write]);
      expect(limit).toEqual({ kind: 'disk', message: 'disk limit: 16 MiB' });
    });

    it('name the disk, when one file is', async () => {
      const { exit, limit } = await run({ diskBytes: 16 * MIB }, [
        'perl',
        '-e',
        'open F, ">", "f"; syswrite F, "a" x 65536 while 1',
      ]);
      expect(exit).toEqual({ kind: 'signal', signal: 'SIGXFSZ' });
      expect(limit).toEqual({ kind: 'disk', message: 'disk limit: 16 MiB' });
    });

    it('hold the CPU to its share', async () => {
      const burn =
        'use Time::HiRes "time"; $b = time; do { ($u) = times } while $u < 0.3; print $u / (time - $b)';
      const { output } = await run({ cpus: 0.25 }, ['perl', '-e', burn]);
      expect(Number(output)).toBeLessThan(0.5);
    });

    it('are not blamed for what failed by itself', async () => {
      const limits = { memoryBytes: 256 * MIB, processesMax: 64, diskBytes: 256 * MIB, cpus: 2 };
      const end = await run(limits, ['sh', '-c', 'exit 3']);
      expect(end).toMatchObject({ exit: { kind: 'code', code: 3 } });
      expect(end.limit).toBeUndefined();
    });

    it('go with the sweep of a dead owner', async () => {
      const jobKey = freshJobKey();
      const limits = { ...NONE, memoryBytes: 256 * MIB, processesMax: 64 };
      await executor.openJob({ jobKey, confinement: confinedTo(work, { network: 'host', limits }) });
      expect(groupsOf(jobKey).length).toBeGreaterThan(0);
      await executor.sweep(jobKey);
      expect(groupsOf(jobKey)).toEqual([]);
    });
  });
}

describe('a limit that the machine cannot give', () => {
  it.each(['memory', 'pids', 'cpu'] as const)('is refused with its way out: %s', (missing) => {
    const found = new Map([...controllers].filter(([name]) => name !== missing));
    const limits = { cpus: 1, memoryBytes: MIB, processesMax: 8, diskBytes: null };
    const open = () => openLimitGroups('none', limits, true, () => found);
    expect(open).toThrow(StartError);
    expect(open).toThrow(/cannot limit .*Delegate=yes/);
    expect(groupsOf('none')).toEqual([]);
  });
});

describe('limits by control groups of version 2', () => {
  it('are written to one group, which the groups of the steps are made in', () => {
    // A plain folder stands in for the hierarchy: what is written is what the kernel documents.
    const folder = mkdtempSync(join(tmpdir(), 'sluice-cgroup2-'));
    const find = () =>
      new Map(
        (['memory', 'pids', 'cpu'] as const).map((name) => [name, { name, version: 2 as const, folder }]),
      );
    const limits = { cpus: 1.5, memoryBytes: 64 * MIB, processesMax: 32, diskBytes: null };
    const groups = openLimitGroups('job', limits, true, find);
    const group = join(folder, 'sluice-limit-job');
    const content = (file: string) => readFileSync(join(group, file), 'utf8');
    expect(groups.words).toEqual([`group=${group}`]);
    expect(openLimitGroups('job', limits, false, find).words).toEqual([`join=${group}/cgroup.procs`]);
    expect(content('memory.max')).toBe(String(64 * MIB));
    expect(content('pids.max')).toBe('32');
    expect(content('cpu.max')).toBe('150000 100000');

    expect(groups.counts()).toEqual({ memory: 0, processes: 0 });
    writeFileSync(join(group, 'memory.events'), 'low 0\nhigh 0\nmax 7\noom 3\noom_kill 2\n');
    writeFileSync(join(group, 'pids.events'), 'max 5\n');
    expect(groups.counts()).toEqual({ memory: 2, processes: 5 });
    rmSync(folder, { recursive: true });
  });

  it('have a step born in the group that its job says', async (context) => {
    (await rungCheck('cgroup'))(context);
    const folder = mkdtempSync(join(tmpdir(), 'sluice-cgroup2-'));
    const executor = await openProcessExecutor({ directory: folder, clock: machineClock, rung: 'cgroup' });
    const root = readFileSync('/proc/mounts', 'utf8').match(/^\S+ (\S+) cgroup2 /m)![1]!;
    const name = `sluice-limit-${freshJobKey()}`;
    mkdirSync(join(root, name));
    const job = await executor.openJob({ jobKey: freshJobKey() });
    const output = collect();
    const step = await job.start({
      stepKey: 'one',
      command: ['grep', '^0::', '/proc/self/cgroup'],
      directory: '/',
      environment: { PATH },
      tty: false,
      onOutput: output.sink,
      confinement: [`group=${join(root, name)}`],
    });
    await step.ended;
    await job.close();
    job.forget();
    await executor.shutdown();
    expect(output.text()).toContain(`/${name}/sluice-`);
    // Nothing of the step is left in it.
    rmdirSync(join(root, name));
    rmSync(folder, { recursive: true });
  });
});
