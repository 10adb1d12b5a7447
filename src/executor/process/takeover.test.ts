import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { collect } from '../../../test/contract/executor.contract.ts';
import { runStep } from '../../../test/support/one-step.ts';
import { crashOwner } from '../../../test/support/process-harness.ts';
import { UserError } from '../../base/diagnostic.ts';
import { machineClock } from '../../machine/clock.ts';
import type { Executor, StepSpec } from '../contract.ts';
import { openProcessExecutor } from './process-executor.ts';
import { stepName } from './step-name.ts';

let folder: string;
let directory: string;
let executor: Executor;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-takeover-'));
  directory = join(folder, 'steps');
  executor = await openProcessExecutor({ directory, clock: machineClock });
});
afterEach(async () => {
  await executor.shutdown();
  rmSync(folder, { recursive: true });
});

const spec = (script: string, onOutput: StepSpec['onOutput'] = () => {}): StepSpec => ({
  stepKey: 'one',
  command: ['sh', '-c', script],
  directory: '/',
  environment: { PATH: '/usr/bin:/bin' },
  tty: false,
  onOutput,
});

/** Empty when there is none. */
function receiptOf(jobKey: string): string {
  const file = join(directory, `${stepName(jobKey, 'one')}.step`);
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
}

/** The helper's pid, from the receipt of a running step. */
function helperOf(jobKey: string): number {
  return Number(receiptOf(jobKey).split(' ')[2]);
}

/** Waits without letting anything else of this process run. */
function busyUntil(isSo: () => boolean): void {
  const end = performance.now() + 10_000;
  while (!isSo()) if (performance.now() > end) throw new Error('it did not come to that');
}

describe('a helper that dies', () => {
  it('makes its steps lost, and the next step starts another one', async () => {
    const output = collect();
    const job = await executor.openJob({ jobKey: 'a' });
    const step = await job.start(spec('echo ready; exec sleep 1000', output.sink));
    await output.until('ready');
    process.kill(helperOf('a'), 'SIGKILL');
    expect((await step.ended).exit.kind).toBe('lost');
    expect((await runStep(executor, ['true'])).exit).toEqual({ kind: 'code', code: 0 });
    expect(isAlive(step.pid)).toBe(executor.isolation.rung !== 'subreaper');
    await job.close();
    expect(isAlive(step.pid)).toBe(false);
    job.forget();
    await executor.sweep('nothing');
    expect(readdirSync(directory)).toEqual([]);
  });

  it('leaves the outcome of a step that had ended, and says that its output is gone', async () => {
    const output = collect();
    const job = await executor.openJob({ jobKey: 'a' });
    const starting = job.start(spec('echo gone', output.sink));
    // Nothing of ours may run before the helper is dead: it would open the output.
    busyUntil(() => receiptOf('a').includes('\nended '));
    const helper = helperOf('a');
    process.kill(helper, 'SIGKILL');
    busyUntil(() => !isAlive(helper));
    expect(await (await starting).ended).toMatchObject({
      exit: { kind: 'code', code: 0 },
      outputLost: true,
    });
    expect(output.text()).toBe('');
    await job.close();
    job.forget();
    await executor.sweep('nothing');
    expect(readdirSync(directory)).toEqual([]);
  });

  it('takes no output with it that is followed already', async () => {
    const output = collect();
    const job = await executor.openJob({ jobKey: 'a' });
    const step = await job.start(spec('echo ready; sleep 0.05; echo done', output.sink));
    await output.until('ready');
    busyUntil(() => receiptOf('a').includes('\nended '));
    process.kill(helperOf('a'), 'SIGKILL');
    const end = await step.ended;
    expect(end.exit).toEqual({ kind: 'code', code: 0 });
    expect(end.outputLost).toBeUndefined();
    expect(output.text()).toBe('ready\ndone\n');
    await job.close();
  });

  it('is not ended by the signals of a terminal or an administrator', async () => {
    const output = collect();
    const job = await executor.openJob({ jobKey: 'a' });
    const step = await job.start(spec('echo ready; exec sleep 1000', output.sink));
    await output.until('ready');
    for (const signal of ['SIGINT', 'SIGHUP', 'SIGTERM', 'SIGQUIT'] as const)
      process.kill(helperOf('a'), signal);
    expect((await runStep(executor, ['true'])).exit).toEqual({ kind: 'code', code: 0 });
    await step.signal('SIGTERM');
    expect((await step.ended).exit).toEqual({ kind: 'signal', signal: 'SIGTERM' });
    await job.close();
  });

  it('does not show the environment of Sluice', async () => {
    const output = collect();
    const job = await executor.openJob({ jobKey: 'a' });
    await job.start(spec('echo ready; exec sleep 1000', output.sink));
    await output.until('ready');
    const environment = readFileSync(`/proc/${helperOf('a')}/environ`, 'utf8');
    expect(environment.split('\0').filter(Boolean)).toEqual([`PATH=${process.env.PATH}`]);
    await job.close();
  });
});

describe('a helper whose owner was killed', () => {
  it('goes when its steps were taken over', async () => {
    const { onOutput: _, ...step } = spec('echo ready; exec sleep 1000');
    await crashOwner(directory, executor.isolation.rung, 'a', step, 'ready');
    const helper = helperOf('a');
    expect(isAlive(helper)).toBe(true);
    const job = await executor.openJob({ jobKey: 'a' });
    expect((await job.attach('one', () => {}))?.pid).toBeGreaterThan(0);
    expect(await job.close()).toEqual({ killed: 1 });
    job.forget();
    await vi.waitFor(() => expect(isAlive(helper)).toBe(false), { timeout: 10_000 });
    expect(readdirSync(directory)).toEqual([]);
  });

  it('kills its steps when nobody can take them over any more', async () => {
    const { onOutput: _, ...step } = spec('echo ready; exec sleep 1000');
    await crashOwner(directory, executor.isolation.rung, 'a', step, 'ready');
    const helper = helperOf('a');
    for (const file of readdirSync(directory)) rmSync(join(directory, file));
    await vi.waitFor(() => expect(isAlive(helper)).toBe(false), { timeout: 10_000 });
  });

  it('kills its steps and goes when nobody comes for them in time, and their receipts stay', async () => {
    const script = fileURLToPath(new URL('./supervisor.pl', import.meta.url));
    const { rung } = executor.isolation;
    const helper = spawn('perl', [script, directory, rung, '0'], { stdio: ['pipe', 'ignore', 'inherit'] });
    const gone = once(helper, 'exit');
    const fields = ['start', stepName('a', 'one'), 'token', '', '/', '2', '/bin/sleep', '1000'].join('\0');
    const length = Buffer.alloc(4);
    length.writeUInt32LE(fields.length);
    helper.stdin!.write(Buffer.concat([length, Buffer.from(fields)]));
    await vi.waitFor(() => expect(receiptOf('a')).toMatch(/^step .*\n/m), { timeout: 10_000 });
    const [, pid] = /^step \S+ \S+ \S+ \S+ (\d+) /m.exec(receiptOf('a'))!;
    expect(isAlive(Number(pid))).toBe(true);
    helper.stdin!.end();
    expect(await gone).toEqual([0, null]);
    await vi.waitFor(() => expect(isAlive(Number(pid))).toBe(false), { timeout: 10_000 });
    expect(readdirSync(directory)).toEqual([`${stepName('a', 'one')}.step`]);
    const job = await executor.openJob({ jobKey: 'a' });
    expect((await (await job.attach('one', () => {}))!.ended).exit.kind).toBe('lost');
    await job.close();
    job.forget();
  });

  it('goes when its steps were swept', async () => {
    const { onOutput: _, ...step } = spec('echo ready; exec sleep 1000');
    await crashOwner(directory, executor.isolation.rung, 'a', step, 'ready');
    const helper = helperOf('a');
    expect(await executor.sweep('a')).toBe(1);
    await vi.waitFor(() => expect(isAlive(helper)).toBe(false), { timeout: 10_000 });
  });
});

describe('a receipt of an earlier owner', () => {
  /** A receipt as if the process had been started by a helper that is gone. */
  const writeReceipt = (jobKey: string, pid: number, startTime: string, boot = bootId()) => {
    const file = join(directory, `${stepName(jobKey, 'one')}.step`);
    writeFileSync(file, `step ${boot} 1 1 token ${pid} ${startTime} process-group 0 0 0 0 \n`);
    return file;
  };

  it('kills the process it names', async () => {
    const stranger = spawn('sleep', ['1000'], { detached: true });
    writeReceipt('a', stranger.pid!, startTimeOf(stranger.pid!));
    const gone = once(stranger, 'exit');
    expect(await executor.sweep('a')).toBe(1);
    expect(await gone).toEqual([null, 'SIGKILL']);
  });

  it.each([
    ['another start time', '1', bootId()],
    ['another boot', null, 'before'],
  ])('never kills a process that got the number later: %s', async (_, startTime, boot) => {
    const stranger = spawn('sleep', ['1000'], { detached: true });
    const pid = stranger.pid!;
    writeReceipt('a', pid, startTime ?? startTimeOf(pid), boot);
    expect(await executor.sweep('a')).toBe(0);
    expect(isAlive(pid)).toBe(true);
    expect(readdirSync(directory)).toEqual([]);
    const gone = once(stranger, 'exit');
    stranger.kill('SIGKILL');
    await gone;
  });

  it('is followed as long as the process lives; then the step is lost', async () => {
    const stranger = spawn('sleep', ['1000'], { detached: true });
    writeReceipt('a', stranger.pid!, startTimeOf(stranger.pid!));
    const job = await executor.openJob({ jobKey: 'a' });
    const step = await job.attach('one', () => {});
    expect(step!.pid).toBe(stranger.pid);
    await step!.signal('SIGTERM');
    expect(await step!.ended).toEqual({
      exit: { kind: 'lost', reason: 'the helper that watched the process is gone too' },
      usage: null,
    });
    await job.close();
  });

  it('that was cut off before its first line makes the step lost, not unknown', async () => {
    const file = writeReceipt('a', 1, '0');
    truncateSync(file, 0);
    const job = await executor.openJob({ jobKey: 'a' });
    const step = await job.attach('one', () => {});
    expect((await step!.ended).exit.kind).toBe('lost');
    await job.close();
    await executor.sweep('a');
    expect(readdirSync(directory)).toEqual([]);
  });

  it('tells the exit and the usage it holds', async () => {
    appendFileSync(writeReceipt('a', 1, '0'), 'ended 768 12 2048\n');
    const job = await executor.openJob({ jobKey: 'a' });
    const step = await job.attach('one', () => {});
    expect(await step!.ended).toEqual({
      exit: { kind: 'code', code: 3 },
      usage: { cpuMs: 12, memoryMaxBytes: 2_097_152 },
    });
    await job.close();
    job.forget();
    // The helper works its records off in order.
    await executor.sweep('nothing');
    expect(readdirSync(directory)).toEqual([]);
  });

  it('is not needed to sweep a process that carries the mark of the job', async () => {
    const environment = { PATH: '/usr/bin:/bin', SLUICE_JOB_KEY: 'marked' };
    const stranger = spawn('sleep', ['1000'], { detached: true, env: environment });
    const gone = once(stranger, 'exit');
    await once(stranger, 'spawn');
    expect(await executor.sweep('other')).toBe(0);
    expect(await executor.sweep('marked')).toBe(1);
    expect(await gone).toEqual([null, 'SIGKILL']);
  });
});

describe('a step that was never begun', () => {
  const fileOf = (jobKey: string) => join(directory, `${stepName(jobKey, 'one')}.step`);

  it('is claimed once it is asked for, and then only its claimer can start it', async () => {
    const job = await executor.openJob({ jobKey: 'a' });
    expect(await job.attach('one', () => {})).toBeNull();
    expect(await job.claim!('one')).toBe(true);
    const other = await openProcessExecutor({ directory, clock: machineClock });
    // What the dead owner had asked for, and its helper reads only now.
    const late = await other.openJob({ jobKey: 'a' });
    await expect(late.start(spec('echo twice'))).rejects.toMatchObject({ code: 'EEXIST' });
    expect(await late.claim!('one')).toBe(false);
    const output = collect();
    const step = await job.start(spec('echo once', output.sink));
    expect((await step.ended).exit).toEqual({ kind: 'code', code: 0 });
    expect(output.text()).toBe('once\n');
    await Promise.all([job.close(), late.close()]);
    job.forget();
    await executor.sweep('nothing');
    await other.shutdown();
    expect(readdirSync(directory)).toEqual([]);
  });

  it('is not claimed when it was begun, also when only the beginning of its receipt is there', async () => {
    const job = await executor.openJob({ jobKey: 'a' });
    for (const receipt of ['', 'starting\n', 'claimed x 1 1\nstarting\n']) {
      writeFileSync(fileOf('a'), receipt);
      expect((await (await job.attach('one', () => {}))!.ended).exit.kind).toBe('lost');
      expect(await job.claim!('one')).toBe(false);
    }
    await job.close();
    await executor.sweep('a');
  });

  it('is claimed anew when its claimer died, but not after a restart of the machine', async () => {
    const job = await executor.openJob({ jobKey: 'a' });
    writeFileSync(fileOf('a'), `claimed before 1 1\n`);
    expect(await job.attach('one', () => {})).toBeNull();
    expect(await job.claim!('one')).toBe(false);
    writeFileSync(fileOf('a'), `claimed ${bootId()} 1 1\n`);
    expect(await job.claim!('one')).toBe(true);
    expect((await (await job.start(spec('true'))).ended).exit).toEqual({ kind: 'code', code: 0 });
    await job.close();
  });

  it('is started by another helper when the one that claimed it dies', async () => {
    const job = await executor.openJob({ jobKey: 'a' });
    await job.claim!('one');
    const helper = Number(receiptOf('a').split(' ')[2]);
    process.kill(helper, 'SIGKILL');
    // Gone, and not only dead: then this process has been told.
    await vi.waitFor(() => expect(existsSync(`/proc/${helper}`)).toBe(false));
    await turn();
    expect((await (await job.start(spec('true'))).ended).exit).toEqual({ kind: 'code', code: 0 });
    await job.close();
  });

  it('that was claimed and not started leaves nothing behind', async () => {
    const job = await executor.openJob({ jobKey: 'a' });
    expect(await job.attach('one', () => {})).toBeNull();
    await job.claim!('one');
    await job.close();
    job.forget();
    await executor.sweep('nothing');
    expect(readdirSync(directory)).toEqual([]);
  });
});

describe('opening', () => {
  it('says what to install when there is no perl', async () => {
    const path = process.env.PATH;
    process.env.PATH = folder;
    const error = await openProcessExecutor({ directory, clock: machineClock }).catch((reason) => reason);
    process.env.PATH = path;
    expect(error).toBeInstanceOf(UserError);
    expect(error.diagnostics).toEqual([
      {
        severity: 'error',
        code: 'executor.no-perl',
        message: 'Sluice starts steps through a small perl helper; perl was not found',
        suggestion: 'apt-get install perl-base',
      },
    ]);
  });
});

function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
}

function startTimeOf(pid: number): string {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]!;
}

/** A dead process may wait for whoever reaps orphans on this machine. */
function isAlive(pid: number): boolean {
  try {
    return !/^(.*)\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}
