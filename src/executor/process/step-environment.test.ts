import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { collect } from '../../../test/contract/executor.contract.ts';
import { freshJobKey, runStep } from '../../../test/support/one-step.ts';
import { machineClock } from '../../machine/clock.ts';
import type { Executor } from '../contract.ts';
import { openProcessExecutor } from './process-executor.ts';

let folder: string;
let directory: string;
let executor: Executor;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-step-'));
  directory = join(folder, 'steps');
  executor = await openProcessExecutor({ directory, clock: machineClock });
});
afterAll(async () => {
  await executor.shutdown();
  const left = readdirSync(directory);
  rmSync(folder, { recursive: true });
  expect(left).toEqual([]);
});

const shell = (script: string) => ['sh', '-c', script];

describe('what a step is given', () => {
  it('has exactly the environment given, byte for byte', async () => {
    const environment = { PATH: '/usr/bin:/bin', EMPTY: '', LINES: 'a\nb', MARK: 'ä=€', 'od d': '-' };
    const { output } = await runStep(executor, ['env', '-0'], { environment });
    const entries = output.toString().split('\0').slice(0, -1);
    expect(entries.sort()).toEqual(
      Object.entries(environment)
        .map(([name, value]) => `${name}=${value}`)
        .sort(),
    );
  });

  it('may have no environment at all', async () => {
    const { output } = await runStep(executor, ['/usr/bin/env'], { environment: {} });
    expect(output.toString()).toBe('');
  });

  it('has its arguments byte for byte, empty ones too', async () => {
    const { output } = await runStep(executor, ['printf', '[%s]', '', 'a b', '-n', 'ä\n']);
    expect(output.toString()).toBe('[][a b][-n][ä\n]');
  });

  it('runs in the directory given', async () => {
    const { output } = await runStep(executor, ['/bin/pwd'], { directory: folder });
    expect(output.toString()).toBe(`${folder}\n`);
  });

  it('has nothing open but its three streams, and reads nothing', async () => {
    const { output } = await runStep(executor, shell('ls /proc/$$/fd; cat; readlink /proc/$$/fd/0'));
    expect(output.toString()).toBe('0\n1\n2\n/dev/null\n');
  });

  it('blocks, ignores and catches no signal', async () => {
    const { output } = await runStep(executor, ['cat', '/proc/self/status']);
    expect(output.toString().match(/(?<=^Sig(Blk|Ign|Cgt):\t).*/gm)).toEqual(Array(3).fill('0'.repeat(16)));
  });

  it('has a session of its own, the usual file mode and no core dump', async () => {
    const script = 'umask; ulimit -c; cut -d" " -f1,5,6 /proc/self/stat; echo $$';
    const { output } = await runStep(executor, shell(script));
    const [umask, core, stat, own] = output.toString().trim().split('\n');
    expect([umask, core]).toEqual(['0022', '0']);
    expect(stat!.split(' ').slice(1)).toEqual([own, own]);
  });

  it('looks for its program in its own PATH', async () => {
    writeFileSync(join(folder, 'only-here'), 'echo found', { mode: 0o755 });
    const { output } = await runStep(executor, ['only-here'], { environment: { PATH: `${folder}:/bin` } });
    expect(output.toString()).toBe('found\n');
  });
});

describe('what a step prints', () => {
  it('comes in the order of writing from both streams, which can be opened by name', async () => {
    const script = 'echo a; echo b >&2; echo c > /dev/stderr; echo d > /dev/stdout; echo e > /proc/self/fd/2';
    const { output } = await runStep(executor, shell(script));
    expect(output.toString()).toBe('a\nb\nc\nd\ne\n');
  });

  it('is not touched, whatever bytes it is', async () => {
    const { output } = await runStep(executor, ['printf', '\\377\\000\\303\\050\\r\\n']);
    expect(output).toEqual(Buffer.from([0xff, 0x00, 0xc3, 0x28, 0x0d, 0x0a]));
  });

  it('waits in the step while the sink is slow, so that memory stays flat', async () => {
    const size = 10_000_000;
    let total = 0;
    let busy = false;
    let overlapped = false;
    let largest = 0;
    const onOutput = async (chunk: Uint8Array) => {
      overlapped ||= busy;
      busy = true;
      total += chunk.length;
      largest = Math.max(largest, chunk.length);
      await new Promise((resolve) => setImmediate(resolve));
      busy = false;
    };
    const { exit } = await runStep(executor, ['head', '-c', String(size), '/dev/zero'], { onOutput });
    expect(exit).toEqual({ kind: 'code', code: 0 });
    expect({ total, overlapped }).toEqual({ total: size, overlapped: false });
    expect(largest).toBeLessThanOrEqual(262_144);
  });

  it('is complete when the step closes its streams early', async () => {
    const { output, exit } = await runStep(executor, shell('echo early; exec >&- 2>&-; sleep 0.05; exit 4'));
    expect([output.toString(), exit]).toEqual(['early\n', { kind: 'code', code: 4 }]);
  });

  it('is waited for a moment when a child is still printing', async () => {
    const { output } = await runStep(executor, shell('(sleep 0.05; echo late) & echo soon'));
    expect(output.toString()).toBe('soon\nlate\n');
  });

  it('comes on from a background process until the job is closed', async () => {
    const output = collect();
    const job = await executor.openJob({ jobKey: freshJobKey() });
    const step = await job.start({
      stepKey: 'one',
      command: shell('(sleep 0.4; echo later; sleep 1000) & echo now'),
      directory: '/',
      environment: { PATH: '/usr/bin:/bin' },
      tty: false,
      onOutput: output.sink,
    });
    await step.ended;
    expect(output.text()).toBe('now\n');
    await output.until('later');
    expect((await job.close()).killed).toBeGreaterThan(0);
    job.forget();
  });

  it('ends although a background process prints without a pause', async () => {
    const { exit, killed } = await runStep(executor, shell('yes & exit 3'));
    expect(exit).toEqual({ kind: 'code', code: 3 });
    expect(killed).toBe(1);
  });
});

describe('a step with a terminal', () => {
  it('sees a terminal of 80 x 24 on all three streams', async () => {
    const script = 'test -t 0 && test -t 1 && test -t 2 && stty size && tty && echo $(ps -o tty= -p $$)';
    const { output, exit } = await runStep(executor, shell(script), { tty: true });
    expect(exit).toEqual({ kind: 'code', code: 0 });
    const [size, tty, own] = output.toString().trim().split('\r\n');
    expect(size).toBe('24 80');
    expect(tty).toBe(`/dev/${own}`);
  });

  it('colours what programs colour for a terminal only', async () => {
    const command = ['ls', '--color=auto', '-d', '/'];
    const inPipe = await runStep(executor, command);
    const inTerminal = await runStep(executor, command, {
      tty: true,
      environment: { PATH: '/bin', TERM: 'xterm' },
    });
    expect(inPipe.output.toString()).toBe('/\n');
    expect(inTerminal.output.toString()).toContain('\x1b[');
  });

  it('hands on a long output to the last line', async () => {
    const { output } = await runStep(executor, ['seq', '20000'], { tty: true });
    expect(output.toString().trim().split('\r\n')).toHaveLength(20_000);
  });
});

describe('a step that cannot be started', () => {
  const failure = (command: string[], parts = {}) =>
    runStep(executor, command, parts).then(
      () => null,
      ({ name, code, message }) => ({ name, code, message }),
    );

  it.each([
    ['no program', ['no-such-program'], {}, 'ENOENT', 'there is no program no-such-program'],
    [
      'no directory',
      ['true'],
      { directory: '/no/such' },
      'ENOENT',
      'the directory /no/such cannot be entered: no such file or directory',
    ],
    [
      'a directory that is a file',
      ['true'],
      { directory: '/etc/passwd' },
      'ENOTDIR',
      'the directory /etc/passwd cannot be entered: not a directory',
    ],
    [
      'not executable',
      ['/etc/passwd'],
      {},
      'EACCES',
      '/etc/passwd is not executable, or its folder may not be searched',
    ],
    [
      'too long',
      ['true', 'x'.repeat(200_000)],
      {},
      'E2BIG',
      'the arguments and the environment of true are too long together',
    ],
    ['no command', [], {}, 'EINVAL', 'the command is empty'],
    ['NUL in the command', ['a\0b'], {}, 'EINVAL', 'the command or its directory holds a NUL character'],
    [
      'NUL in a value',
      ['true'],
      { environment: { A: '\0' } },
      'EINVAL',
      'the environment variable A holds a NUL character',
    ],
    [
      'an impossible name',
      ['true'],
      { environment: { 'A=B': '' } },
      'EINVAL',
      'the environment variable name "A=B" is not possible',
    ],
  ])('says why: %s', async (_, command, parts, code, message) => {
    expect(await failure(command, parts)).toEqual({ name: 'StartError', code, message });
  });

  it('says why: no interpreter', async () => {
    const script = join(folder, 'script');
    writeFileSync(script, '#!/no/such/interpreter\n', { mode: 0o755 });
    expect((await failure([script]))?.message).toBe(
      `${script} names an interpreter in its first line that does not exist`,
    );
  });
});

describe('the private folder', () => {
  it('is closed to others, also when it was open before', async () => {
    expect(statSync(directory).mode & 0o777).toBe(0o700);
  });
});
