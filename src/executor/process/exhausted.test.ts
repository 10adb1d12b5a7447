import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, type TestContext, vi } from 'vitest';
import { collect } from '../../../test/contract/executor.contract.ts';
import { rungCheck } from '../../../test/support/process-harness.ts';
import { isHelper, processesOf } from '../../../test/support/processes.ts';
import { needs } from '../../../test/support/require.ts';
import { machineClock } from '../../machine/clock.ts';
import { type Executor, StartError, type StepSpec } from '../contract.ts';
import { openProcessExecutor, type ProcessRung } from './process-executor.ts';

const checks = new Map<ProcessRung, (context: TestContext) => void>();
for (const rung of ['cgroup', 'subreaper', 'process-group'] as const) checks.set(rung, await rungCheck(rung));
const prlimit = ['/usr/bin/prlimit', '/bin/prlimit'].find((path) => existsSync(path));

let directory: string;
let executor: Executor;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'sluice-exhausted-'));
});
afterEach(async () => {
  await executor?.shutdown();
  rmSync(directory, { recursive: true });
});

const step = (stepKey: string, script: string, parts: Partial<StepSpec> = {}): StepSpec => ({
  stepKey,
  command: ['sh', '-c', script],
  directory: '/',
  environment: { PATH: '/usr/bin:/bin' },
  tty: false,
  onOutput: () => {},
  ...parts,
});

/** Opens the executor at one rung, or skips the test. Returns the pid of its helper. */
async function open(context: TestContext, rung: ProcessRung): Promise<number> {
  checks.get(rung)!(context);
  executor = await openProcessExecutor({ directory, clock: machineClock, rung });
  return processesOf(directory).find(isHelper)!.pid;
}

/** Which processes there is room for beside the helper, when there is none for the step. */
const NO_ROOM: readonly { rung: ProcessRung; tty: boolean; room: number; what: string }[] = [
  { rung: 'cgroup', tty: false, room: 0, what: 'nothing' },
  { rung: 'process-group', tty: false, room: 0, what: 'nothing' },
  { rung: 'process-group', tty: true, room: 1, what: 'the relay of its terminal' },
  { rung: 'subreaper', tty: false, room: 0, what: 'nothing' },
  { rung: 'subreaper', tty: false, room: 1, what: 'its reaper' },
];

describe('a step for which there is no process', () => {
  for (const { rung, tty, room, what } of NO_ROOM) {
    it(`could not start, with room for ${what} (${rung}); later ones can`, async (context) => {
      const helper = await open(context, rung);
      const group = processGroup(context);
      try {
        writeFileSync(join(group, 'cgroup.procs'), String(helper));
        writeFileSync(join(group, 'pids.max'), String(1 + room));
        const job = await executor.openJob({ jobKey: 'a' });
        const error = await job.start(step('one', 'true', { tty })).catch((reason) => reason);
        expect(error).toEqual(new StartError('EAGAIN', 'could not start sh: process limit reached (EAGAIN)'));
        await vi.waitFor(() => expect(pidsIn(group)).toEqual([helper]), { timeout: 5000 });
        expect(readdirSync(directory)).toEqual([]);
        writeFileSync(join(group, 'pids.max'), 'max');
        expect((await (await job.start(step('two', 'exit 7', { tty }))).ended).exit).toEqual({
          kind: 'code',
          code: 7,
        });
        expect(await job.close()).toEqual({ killed: 0 });
      } finally {
        await executor.shutdown();
        await vi.waitFor(() => rmdirSync(group), { timeout: 5000 });
      }
    });
  }
});

describe('a helper that may open no more files', () => {
  for (const rung of ['cgroup', 'subreaper', 'process-group'] as const) {
    it(`names that, wherever in the start it comes to it, and leaves nothing (${rung})`, async (context) => {
      const helper = await open(context, rung);
      needs(context, 'prlimit', prlimit !== undefined, 'apt-get install util-linux');
      const job = await executor.openJob({ jobKey: 'a' });
      // A first step, so that what is opened only once is open.
      await (await job.start(step('first', 'true'))).ended;
      const openFiles = readdirSync(`/proc/${helper}/fd`).length;
      const refused: string[] = [];
      for (let room = 0; ; room++) {
        execFileSync(prlimit!, ['--pid', String(helper), `--nofile=${openFiles + room}:`]);
        const stepKey = `room-${room}`;
        const error = await job.start(step(stepKey, 'exit 7')).then(
          async ({ ended }) => {
            expect((await ended).exit).toEqual({ kind: 'code', code: 7 });
            return null;
          },
          (reason) => reason,
        );
        if (error === null) break;
        expect(error).toEqual(new StartError('EMFILE', 'too many files are open to start sh (EMFILE)'));
        refused.push(stepKey);
      }
      // Output, receipt and status at least.
      expect(refused.length).toBeGreaterThan(3);
      execFileSync(prlimit!, ['--pid', String(helper), '--nofile=1024:']);
      expect(await job.close()).toEqual({ killed: 0 });
      job.forget();
      await executor.sweep('nothing');
      expect(readdirSync(directory)).toEqual([]);
    });
  }
});

describe('a step whose control group is frozen', () => {
  it('is killed all the same', async (context) => {
    await open(context, 'cgroup');
    const output = collect();
    const job = await executor.openJob({ jobKey: 'a' });
    const started = await job.start(step('one', 'echo ready; exec sleep 1000', { onOutput: output.sink }));
    await output.until('ready');
    const [receipt] = readdirSync(directory).filter((file) => file.endsWith('.step'));
    const group = readFileSync(join(directory, receipt!), 'utf8').trim().split(' ').at(-1)!;
    writeFileSync(join(group, 'cgroup.freeze'), '1');
    await vi.waitFor(() => expect(readFileSync(join(group, 'cgroup.events'), 'utf8')).toContain('frozen 1'));
    expect(await job.close()).toEqual({ killed: 1 });
    expect((await started.ended).exit).toEqual({ kind: 'signal', signal: 'SIGKILL' });
    expect(existsSync(group)).toBe(false);
  });
});

/** A control group with a limit of processes, or the test is skipped. */
function processGroup(context: TestContext): string {
  const name = `sluice-test-${process.pid}-${Math.random().toString(36).slice(2)}`;
  for (const parent of ['/sys/fs/cgroup/pids', '/sys/fs/cgroup']) {
    const group = join(parent, name);
    try {
      mkdirSync(group);
    } catch {
      continue;
    }
    if (existsSync(join(group, 'pids.max'))) return group;
    rmdirSync(group);
  }
  needs(context, 'the pids controller of control groups', false, 'run as root where one is mounted');
  return '';
}

function pidsIn(group: string): number[] {
  return readFileSync(join(group, 'cgroup.procs'), 'utf8').split('\n').filter(Boolean).map(Number);
}
