/**
 * What starting a step costs, beside ninja: `node bench/spawn.ts [rotations]`. Each row is 1,000 times `sh -c true`, two at
 * a time, and a chain of 200, through the process executor with a job each, at every rung this machine offers. All rows
 * take turns; the medians are told as ratios to ninja in the same run, which keeps neither status nor output of a step.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { openProcessExecutor } from '../src/executor/process/process-executor.ts';
import { machineClock } from '../src/machine/clock.ts';
import { median } from './support/measure.ts';

const COUNT = 1000;
const CHAIN = 200;
const rotations = Number(process.argv[2] ?? 5);
const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-'));

interface Row {
  readonly name: string;
  /** Runs `count` steps, `width` at a time; seconds. */
  readonly run: (count: number, width: number) => Promise<number>;
}

const rows = [...ninjaRows(), ...(await executorRows())];
const times = new Map<string, number[]>();
for (let rotation = 0; rotation <= rotations; rotation++) {
  for (const { name, run } of rows) {
    for (const [count, width] of [
      [COUNT, 2],
      [CHAIN, 1],
    ] as const) {
      const seconds = await run(count, width);
      // The first rotation warms everything up.
      if (rotation > 0) times.set(`${name} ${count}`, [...(times.get(`${name} ${count}`) ?? []), seconds]);
    }
  }
}
console.log(`median of ${rotations} rotations; ratios to ninja\n`);
console.log(`${''.padEnd(34)}${`${COUNT}, 2 at a time`.padStart(20)}${`chain of ${CHAIN}`.padStart(20)}`);
for (const { name } of rows) {
  const cell = (count: number) => {
    const seconds = median(times.get(`${name} ${count}`)!);
    const ratio = seconds / median(times.get(`ninja ${count}`)!);
    return `${seconds.toFixed(3)} s  ${ratio.toFixed(2)}x`.padStart(20);
  };
  console.log(name.padEnd(34) + cell(COUNT) + cell(CHAIN));
}
rmSync(folder, { recursive: true });
process.exit(0);

function ninjaRows(): Row[] {
  if (spawnSync('ninja', ['--version']).error)
    throw new Error('ninja is missing: apt-get install ninja-build');
  const plain = ninjaRow('ninja', () => 'sh -c true');
  const root = cgroupRoot();
  if (root === null) return [plain];
  const grouped = (i: number) => {
    const group = `${root}/sluice-bench-${process.pid}-${i}`;
    const enter = `sh -c 'echo 0 > ${group}/cgroup.procs; exec sh -c true'`;
    return `mkdir ${group} && ${enter}; echo 1 > ${group}/cgroup.kill; rmdir ${group}`;
  };
  return [plain, ninjaRow('ninja, a cgroup for each', grouped)];
}

function ninjaRow(name: string, command: (i: number) => string): Row {
  return {
    name,
    run: async (count, width) => {
      const lines = ['rule r', '  command = $c'];
      for (let i = 0; i < count; i++) {
        const needs = width === 1 && i > 0 ? ` | o${i - 1}` : '';
        lines.push(`build o${i}: r${needs}`, `  c = ${command(i).replaceAll('$', '$$')}`);
      }
      const work = join(folder, 'ninja');
      rmSync(work, { recursive: true, force: true });
      mkdirSync(work);
      writeFileSync(join(work, 'build.ninja'), `${lines.join('\n')}\n`);
      return timed(async () => {
        const { status } = spawnSync('ninja', [`-j${width}`, '--quiet'], { cwd: work, stdio: 'ignore' });
        if (status !== 0) throw new Error(`${name} failed`);
      });
    },
  };
}

async function executorRows(): Promise<Row[]> {
  const rows: Row[] = [];
  for (const rung of ['cgroup', 'subreaper', 'process-group'] as const) {
    const directory = join(folder, rung);
    const executor = await openProcessExecutor({ directory, clock: machineClock, rung }).catch(() => null);
    if (executor === null) {
      console.log(`${rung}: not possible here`);
      continue;
    }
    const environment = { PATH: '/usr/local/bin:/usr/bin:/bin', CI: 'true', HOME: folder };
    const runOne = async (jobKey: string) => {
      const job = await executor.openJob({ jobKey });
      const step = await job.start({
        stepKey: 'one',
        command: ['sh', '-c', 'true'],
        directory: folder,
        environment: { ...environment, SLUICE_JOB_KEY: jobKey },
        tty: false,
        onOutput: () => {},
      });
      const { exit } = await step.ended;
      if (exit.kind !== 'code' || exit.code !== 0) throw new Error(`${rung}: ${JSON.stringify(exit)}`);
      await job.close();
      job.forget();
    };
    rows.push({
      name: `sluice, ${rung}`,
      run: (count, width) =>
        timed(async () => {
          let next = 0;
          const worker = async () => {
            while (next < count) await runOne(`job-${next++}`);
          };
          await Promise.all(Array.from({ length: width }, worker));
        }),
    });
  }
  return rows;
}

/** The root of a writable cgroup v2 hierarchy, or null. */
function cgroupRoot(): string | null {
  if (!existsSync('/proc/mounts')) return null;
  const mounts = readFileSync('/proc/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' '));
  const root = mounts.find(([, , type]) => type === 'cgroup2')?.[1];
  if (root === undefined) return null;
  try {
    mkdirSync(`${root}/sluice-bench-probe`);
    rmdirSync(`${root}/sluice-bench-probe`);
  } catch {
    return null;
  }
  return root;
}

async function timed(work: () => Promise<void>): Promise<number> {
  const begin = performance.now();
  await work();
  return (performance.now() - begin) / 1000;
}
