/**
 * What a sandboxed step costs, beside bubblewrap itself: `node bench/sandbox.ts [rounds]`. Each row is 20 times `true`, one
 * after the other: a shell that starts bubblewrap with the same arguments and keeps nothing, and the executor, which also
 * gives an environment by a file in memory, a user of its own, a control group, output, receipt and tree kill. All rows take
 * turns; the medians are told as ratios to the shell in the same run.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Limits } from '../src/executor/contract.ts';
import { bubblewrapWords } from '../src/executor/sandbox/bubblewrap-arguments.ts';
import { openSandboxExecutor } from '../src/executor/sandbox/sandbox-executor.ts';
import { systemMounts } from '../src/executor/sandbox/system-mounts.ts';
import { machineClock } from '../src/machine/clock.ts';
import { line, median } from './support/measure.ts';

const COUNT = 20;
let jobs = 0;
const rounds = Number(process.argv[2] ?? 15);
const folder = realpathSync(mkdtempSync(join(tmpdir(), 'sluice-bench-')));
const work = join(folder, 'work');
mkdirSync(work);
const path = '/usr/local/bin:/usr/bin:/bin';
const environment = { PATH: path, CI: 'true', HOME: work };
const unlimited: Limits = { cpus: null, memoryBytes: null, processesMax: null, diskBytes: null };
const LIMITED: Limits = { ...unlimited, memoryBytes: 2 ** 30, processesMax: 500 };
const directory = join(folder, 'steps');
const executor = await openSandboxExecutor({ directory, clock: machineClock, path, requireSound: false });

const shell = shellLoop();
const rows: readonly { name: string; goal: string; run: () => Promise<void> }[] = [
  { name: 'bubblewrap from a shell', goal: '', run: async () => void execFileSync('sh', [shell]) },
  { name: 'a step, many in a job', goal: '<= 1.3', run: () => steps(unlimited, false) },
  { name: 'a step, a job for each', goal: '', run: () => steps(unlimited, true) },
  // Only who may make control groups can limit.
  ...(process.geteuid?.() === 0
    ? [{ name: 'a step with memory and process limits', goal: '', run: () => steps(LIMITED, false) }]
    : []),
];
const times = new Map<string, number[]>(rows.map(({ name }) => [name, []]));
for (let round = 0; round <= rounds; round++) {
  for (const { name, run } of rows) {
    const begin = performance.now();
    await run();
    // The first round warms everything up.
    if (round > 0) times.get(name)!.push((performance.now() - begin) / COUNT);
  }
}
const bareMs = median(times.get(rows[0]!.name)!);
for (const { name, goal } of rows) {
  const ms = median(times.get(name)!);
  line(name, ms / bareMs, goal, `${ms.toFixed(2)} ms each`);
}
await executor.shutdown();
rmSync(folder, { recursive: true });

async function steps(limits: Limits, isJobEach: boolean): Promise<void> {
  const open = () =>
    executor.openJob({
      jobKey: `bench-${process.pid}.${jobs++}`,
      confinement: { writable: [work], readable: [], network: 'none', limits, container: null },
    });
  let job = await open();
  for (let i = 0; i < COUNT; i++) {
    const step = await job.start({
      stepKey: `s${i}`,
      command: ['true'],
      directory: work,
      environment,
      tty: false,
      onOutput: () => {},
    });
    const { exit } = await step.ended;
    if (exit.kind !== 'code' || exit.code !== 0) throw new Error(JSON.stringify(exit));
    if (!isJobEach || i === COUNT - 1) continue;
    await job.close();
    job.forget();
    job = await open();
  }
  await job.close();
  job.forget();
}

/** A script that starts bubblewrap again and again with what a step gets. */
function shellLoop(): string {
  const plan = {
    writable: [work],
    readable: [],
    network: 'none',
    directory: work,
    dieWithParent: false,
  } as const;
  const words = bubblewrapWords({ ...plan, system: systemMounts(), temporaryBytes: 2 ** 30 });
  const values = words
    .filter((word) => word.startsWith('argument='))
    .map((word) => word.slice('argument='.length));
  const redirections = words
    .filter((word) => word.startsWith('data='))
    .map((word, i) => {
      const index = Number(word.slice('data='.length));
      const file = join(folder, `data-${i}`);
      writeFileSync(file, values[index]!);
      values[index] = String(i + 3);
      return `${i + 3}<${file}`;
    });
  const variables = Object.entries(environment).flatMap(([name, value]) => ['--setenv', name, value]);
  const quoted = [...values, ...variables].map((value) => `'${value.replaceAll("'", "'\\''")}'`).join(' ');
  const script = join(folder, 'loop');
  writeFileSync(
    script,
    `i=0; while [ $i -lt ${COUNT} ]; do bwrap ${quoted} -- true ${redirections.join(' ')} || exit 1; i=$((i+1)); done\n`,
  );
  return script;
}
