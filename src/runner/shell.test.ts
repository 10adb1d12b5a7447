import { mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type JobRig, job, jobRig, realClock, step } from '../../test/support/job-rig.ts';
import type { Executor } from '../executor/contract.ts';
import { openProcessExecutor } from '../executor/process/process-executor.ts';
import { shellCommand } from './shell.ts';

describe('shellCommand', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-shell-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'script');

  it('hands short scripts over as an argument, and long or hidden ones in a private file', () => {
    expect(shellCommand('sh', 'echo 1', file, false)).toEqual(['sh', '-e', '-c', 'echo 1']);
    expect(shellCommand('bash', 'echo 1', file, false)).toEqual([
      'bash',
      '--noprofile',
      '--norc',
      '-e',
      '-o',
      'pipefail',
      '-c',
      'echo 1',
    ]);
    expect(shellCommand('sh', `# ${'x'.repeat(70_000)}`, file, false)).toEqual(['sh', '-e', `${file}.sh`]);
    expect(shellCommand('sh', 'echo secret', file, true)).toEqual(['sh', '-e', `${file}.sh`]);
    expect(statSync(`${file}.sh`).mode & 0o777).toBe(0o700);
  });

  it('splits a command line at blanks, but not within quotes', () => {
    expect(shellCommand(`perl -w "-I a" 'b c' {0} x{0}`, 'x', file, false)).toEqual([
      'perl',
      '-w',
      '-I a',
      'b c',
      file,
      `x${file}`,
    ]);
  });

  it('refuses a NUL byte', () => {
    expect(() => shellCommand('sh', 'a\0b', file, false)).toThrow('the script holds a NUL byte');
  });
});

describe('real steps', () => {
  let home: string;
  let executor: Executor;
  let rig: JobRig;
  beforeAll(async () => {
    home = mkdtempSync(join(tmpdir(), 'sluice-real-'));
    executor = await openProcessExecutor({ directory: join(home, 'executor'), clock: realClock });
  });
  afterAll(async () => {
    await executor.shutdown();
    rmSync(home, { recursive: true });
  });
  afterEach(async () => {
    await rig.runner.releaseAttempt('r1', 'build', 1);
    rig.remove();
  });
  const on = (secret: string | null = null): JobRig => {
    rig = jobRig(executor, { secrets: { read: async () => secret } });
    return rig;
  };

  it.each([
    ['sh', 'false; echo not reached', 1, ''],
    ['sh', '-bad 2>/dev/null || echo began like an option', 0, 'began like an option\n'],
    ['bash', 'false | true; echo not reached', 1, ''],
    ['bash', 'echo "$BASH_VERSION" | sed "s/^[0-9].*/bash/"', 0, 'bash\n'],
    ['python', 'import os\nprint(os.environ["CI"])', 0, 'true\n'],
    ['cat {0}', 'its own text', 0, 'its own text'],
    ['sh', `echo ${'x'.repeat(70_000)} | wc -c`, 0, '70001\n'],
  ])('%s runs %j', async (shell, script, code, output) => {
    const report = await on().perform(job([step('a', script, { shell })]));
    expect(report.cause).toEqual(code === 0 ? null : { kind: 'exit-code', code });
    if (output) expect(rig.log('a')).toContain(output);
  });

  it('works in the workspace, with its own TMPDIR, and passes outputs on', async () => {
    on();
    mkdirSync(join(rig.source, 'sub'));
    const report = await rig.perform(
      job([
        step('a', 'test -w "$TMPDIR" && test "$PWD" = "$SLUICE_WORKSPACE" && echo "v=1" >> "$SLUICE_OUTPUT"'),
        step('b', 'test "$V" = 1 && mkdir here && cd here', {
          variables: { V: `\${{ steps.a.outputs.v }}` },
        }),
        step('c', 'pwd', { workingDirectory: 'here' }),
      ]),
    );
    expect(report.outcome).toBe('succeeded');
    expect(rig.log('c')).toMatch(/\/work\/here\n$/);
  });

  it('masks a secret in whatever form a tool prints it', async () => {
    const secret = "Zk39 'token'&value+long/enough";
    const report = await on(secret).perform(
      job(
        [
          step(
            'a',
            'echo "$T"; printf %s "$T" | base64; printf %s "$T" | od -An -tx1 | tr -d " \\n"; env | grep ^T=',
          ),
        ],
        {
          secrets: [{ name: 't', variable: 'T' }],
        },
      ),
    );
    expect(report.outcome).toBe('succeeded');
    expect(rig.log('a')).toBe('***\n***\n***T=***\n');
  });

  it('names the program that could not be started', async () => {
    const report = await on().perform(job([step('a', 'x', { shell: 'no-such-shell {0}' })]));
    expect(report).toMatchObject({ outcome: 'failed', cause: { kind: 'could-not-start' } });
    expect(report.tail[0]).toContain('no-such-shell');
  });

  it('ends a whole tree at a timeout', async () => {
    const report = await on().perform(
      job([step('a', 'trap "" TERM; (trap "" TERM; sleep 300) & sleep 300', { timeoutMs: 200 })]),
    );
    expect(report).toMatchObject({ outcome: 'failed', cause: { kind: 'timeout', scope: 'step' } });
    expect(report.durationMs).toBeLessThan(10_000);
  });
});
