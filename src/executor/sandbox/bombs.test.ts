import { mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';

import { freshJobKey } from '../../../test/support/one-step.ts';
import { isHelper, processesOf } from '../../../test/support/processes.ts';
import { needs } from '../../../test/support/require.ts';
import { confinedTo, needsSandbox, PATH } from '../../../test/support/sandbox-harness.ts';
import { machineClock } from '../../machine/clock.ts';
import type { Executor, StepEnd } from '../contract.ts';
import { findControllers } from '../limit/controllers.ts';
import { openSandboxExecutor } from './sandbox-executor.ts';

const MIB = 1024 ** 2;
/** Together the bombs get half of one core, each its own limits. */
const LIMITS = { cpus: 0.1, memoryBytes: 64 * MIB, processesMax: 48, diskBytes: 32 * MIB };
const BOMBS: Readonly<
  Record<string, { readonly script: string; readonly limit: NonNullable<StepEnd['limit']>['kind'] | null }>
> = {
  fork: {
    script:
      "perl -e 'for (;;) { my $pid = fork; exit 9 if !defined $pid; next if $pid; setpgrp; sleep 1000 }'",
    limit: 'processes',
  },
  'fork, never giving up': {
    script: "perl -e 'while (1) { fork; select undef, undef, undef, 0.01 }'",
    limit: null,
  },
  memory: { script: 'exec perl -e \'push @x, "a" x 1_000_000 while 1\'', limit: 'memory' },
  // It is told itself that there is no space left.
  'memory in its temporary folder': { script: 'exec head -c 1G /dev/zero > /tmp/x', limit: null },
  disk: { script: 'i=0; while :; do head -c 1M /dev/zero > "f$i"; i=$((i+1)); done', limit: 'disk' },
  output: { script: 'exec yes', limit: null },
};
/** Its own CPU time is the measure: wall time lies on a machine that others use too. */
const HEALTHY =
  "perl -MTime::HiRes=time -e '$b = time; for (1..4_000_000) { $x += $_ * $_ % 7 } print time - $b'";

describe('bombs in the sandbox (T27)', () => {
  let folder: string;
  let executor: Executor;
  beforeEach(async (context) => {
    needsSandbox(context);
    needs(
      context,
      'limits by control groups',
      findControllers().size === 3,
      'run as root, or with Delegate=yes',
    );
    folder = realpathSync(mkdtempSync(join(tmpdir(), 'sluice-bombs-')));
    const directory = join(folder, 'steps');
    executor = await openSandboxExecutor({ directory, clock: machineClock, path: PATH, requireSound: false });
    return async () => {
      await executor.shutdown();
      rmSync(folder, { recursive: true });
    };
  });

  const start = async (name: string, script: string, limits: typeof LIMITS | null) => {
    const work = join(folder, name.replaceAll(/\W/g, '-'));
    mkdirSync(work, { recursive: true });
    const job = await executor.openJob({
      jobKey: freshJobKey(),
      confinement: confinedTo(work, limits === null ? {} : { limits }),
    });
    const chunks: Buffer[] = [];
    let bytes = 0;
    const step = await job.start({
      stepKey: 'one',
      command: ['sh', '-c', script],
      directory: work,
      environment: { PATH },
      tty: false,
      onOutput: (chunk) => {
        bytes += chunk.length;
        if (bytes < MIB) chunks.push(Buffer.from(chunk));
      },
    });
    return { job, step, output: () => Buffer.concat(chunks).toString(), bytes: () => bytes };
  };

  const healthySeconds = async (count: number) => {
    const seconds: number[] = [];
    for (let i = 0; i < count; i++) {
      const { job, step, output } = await start('healthy', HEALTHY, null);
      expect((await step.ended).exit).toEqual({ kind: 'code', code: 0 });
      await job.close();
      seconds.push(Number(output()));
    }
    return Math.min(...seconds);
  };

  it('end by their own limit, or at the end of their job, and a healthy job goes on', async () => {
    const alone = await healthySeconds(3);
    const bombs = await Promise.all(
      Object.entries(BOMBS).map(async ([name, { script, limit }]) => ({
        name,
        limit,
        ...(await start(name, script, LIMITS)),
      })),
    );
    const beside = await healthySeconds(3);
    for (const { name, limit, job, step } of bombs) {
      if (limit === null) await step.signal('SIGKILL');
      const end = await step.ended;
      expect(end.limit?.kind ?? null, name).toBe(limit);
      await job.close();
    }
    expect(bombs.find(({ name }) => name === 'output')!.bytes()).toBeGreaterThan(MIB);
    expect(processesOf(folder).filter((seen) => !isHelper(seen))).toEqual([]);
    console.log(
      `a healthy job beside ${bombs.length} bombs took ${(beside / alone).toFixed(2)} times as long`,
    );
    // 1.5 is the promise. Others use this machine too, so the test allows for them.
    expect(beside / alone).toBeLessThan(process.env.SLUICE_SOAK === '1' ? 1.5 : 4);
  }, 120_000);
});
