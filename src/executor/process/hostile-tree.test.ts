import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { collect } from '../../../test/contract/executor.contract.ts';
import { freshJobKey } from '../../../test/support/one-step.ts';
import { rungCheck } from '../../../test/support/process-harness.ts';
import { confinedTo, confining, needsSandbox, PATH } from '../../../test/support/sandbox-harness.ts';
import { machineClock } from '../../machine/clock.ts';
import type { Executor } from '../contract.ts';
import { openSandboxExecutor } from '../sandbox/sandbox-executor.ts';
import { openProcessExecutor, type ProcessExecutorOptions } from './process-executor.ts';

const SEED = process.env.SLUICE_SEED;
const RUNS = process.env.SLUICE_SOAK === '1' ? 200 : 20;

/** How a process tries to get away from whoever will kill it. */
const TRICKS = [
  'child',
  'setsid',
  'double-fork',
  'ignore-signals',
  'empty-environment',
  'nested-bash',
  'close-streams',
] as const;
interface Hostile {
  readonly trick: (typeof TRICKS)[number];
  readonly children: readonly Hostile[];
}

const PLACES = [
  { rung: 'cgroup', isSandbox: false },
  { rung: 'subreaper', isSandbox: false },
  { rung: 'process-group', isSandbox: false },
  { rung: 'cgroup', isSandbox: true },
  { rung: 'subreaper', isSandbox: true },
  { rung: 'process-group', isSandbox: true },
] as const;

for (const [index, { rung, isSandbox }] of PLACES.entries()) {
  const needsRung = await rungCheck(rung);
  describe(`hostile trees, ${rung}${isSandbox ? ', in a sandbox' : ''}`, () => {
    const home = realpathSync(mkdtempSync(join(tmpdir(), 'sluice-hostile-')));
    const folder = join(home, 'trees');
    let executor: Executor;
    beforeAll(async () => {
      mkdirSync(folder);
      const options = { directory: join(home, 'steps'), clock: machineClock, rung };
      executor = isSandbox ? await openSandbox(options, folder) : await openProcessExecutor(options);
    });
    beforeEach((context) => {
      needsRung(context);
      if (isSandbox) needsSandbox(context);
    });
    afterAll(async () => {
      await executor?.shutdown();
      rmSync(home, { recursive: true });
    });

    /** Runs the script until it prints `ready`, does `meanwhile`, closes the job, and returns what still lives. */
    const survivorsOf = async (script: string, meanwhile: 'nothing' | 'SIGTERM' | 'SIGKILL', ageMs = 0) => {
      const jobKey = freshJobKey();
      const output = collect();
      const job = await executor.openJob({ jobKey });
      const step = await job.start({
        stepKey: 'one',
        command: ['bash', script, marker],
        directory: folder,
        environment: { PATH: '/usr/bin:/bin', SLUICE_JOB_KEY: jobKey },
        tty: false,
        onOutput: output.sink,
      });
      await output.until('ready');
      await new Promise((resolve) => setTimeout(resolve, ageMs));
      if (meanwhile !== 'nothing') await step.signal(meanwhile);
      await job.close();
      await step.ended;
      return processesWith(marker);
    };
    const marker = `61.${process.pid}${index}`;

    it(`leave nobody (${RUNS} random ones)`, async () => {
      const tricks = TRICKS.filter(
        (trick) => isSandbox || rung !== 'process-group' || trick !== 'empty-environment',
      );
      const tree = (depth: number): fc.Arbitrary<Hostile> =>
        fc.record({
          trick: fc.constantFrom(...tricks),
          children: depth > 1 ? fc.array(tree(depth - 1), { maxLength: 3 }) : fc.constant([]),
        });
      const ending = fc.constantFrom('nothing' as const, 'SIGTERM' as const, 'SIGKILL' as const);
      // How far the tree has grown when it is killed.
      const ageMs = fc.integer({ min: 0, max: 40 });
      const trees = fc.array(tree(3), { minLength: 1, maxLength: 3 });
      await fc.assert(
        fc.asyncProperty(trees, ageMs, ending, async (children, age, meanwhile) => {
          const script = writeScripts(folder, children, marker);
          expect(await survivorsOf(script, meanwhile, age)).toEqual([]);
        }),
        { numRuns: RUNS, ...(SEED === undefined ? {} : { seed: Number(SEED) }) },
      );
    }, 600_000);

    it('leave nobody of two hundred children', async () => {
      const script = join(folder, 'many');
      writeFileSync(script, `for i in $(seq 200); do sleep ${marker} & done; echo ready; wait`);
      expect(await survivorsOf(script, 'nothing')).toEqual([]);
    });

    it('leave nobody who forks while being killed', async () => {
      const script = join(folder, 'forking');
      // It stops by itself, should it survive.
      const fork = `trap '' TERM; for i in $(seq 500); do (setsid sleep ${marker} &) ; done`;
      writeFileSync(script, `for j in 1 2 3; do (${fork}) & done; echo ready; wait`);
      expect(await survivorsOf(script, 'SIGTERM')).toEqual([]);
    });

    if (isSandbox || rung !== 'process-group') return;
    it('lose who leaves the session and empties the environment', async () => {
      const script = join(folder, 'escape');
      writeFileSync(script, `env -i setsid sleep ${marker} & sleep 0.1; echo ready; exit 0`);
      const survivors = await survivorsOf(script, 'nothing');
      for (const pid of survivors) process.kill(pid, 'SIGKILL');
      expect(survivors).toHaveLength(1);
    });
  });
}

/** A sandbox that shows the folder; where there is no bubblewrap the tests are skipped before it is used. */
async function openSandbox(options: ProcessExecutorOptions, folder: string): Promise<Executor> {
  const opened = await openSandboxExecutor({ ...options, path: PATH, requireSound: false }).catch(() => null);
  return opened === null ? opened! : confining(opened, confinedTo(folder));
}

/** Writes one script for each process of the tree and returns the first, which starts the others and says `ready`. */
function writeScripts(folder: string, children: readonly Hostile[], marker: string): string {
  let count = 0;
  const write = (lines: readonly string[]) => {
    const path = join(folder, `tree-${count++}`);
    writeFileSync(path, `${lines.join('\n')}\n`);
    return path;
  };
  const start = ({ trick, children: below }: Hostile): string => {
    const body = [...below.map(start), `sleep ${marker}`];
    if (trick === 'ignore-signals') body.unshift(`trap '' TERM HUP INT`);
    if (trick === 'close-streams') body.unshift('exec <&- >&- 2>&-');
    const path = write(body);
    if (trick === 'setsid') return `setsid sh ${path} ${marker} &`;
    if (trick === 'double-fork') return `(setsid sh ${path} ${marker} &)`;
    if (trick === 'empty-environment') return `env -i setsid /bin/sh ${path} ${marker} &`;
    if (trick === 'nested-bash') return `bash -c 'bash ${path} ${marker}; true' ${marker} &`;
    return `sh ${path} ${marker} &`;
  };
  return write([...children.map(start), 'echo ready', `sleep ${marker}`]);
}

/** Every living process of the machine with the text in its arguments, but us. */
function processesWith(text: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(text);
      } catch {
        return false;
      }
    })
    .map(Number);
}
