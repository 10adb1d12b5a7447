/*
 * A workflow of one job with twenty steps of `true`: the whole command, and the steps alone, beside one shell script that runs the
 * same twenty scripts as GitHub's runner does, each in a bash of its own. The goal (issue D) is at most 3 times the script.
 * Then the output of a step of a workflow, in which commands are looked for, beside that of a step of our own. Interleaved, medians.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openProcessExecutor } from '../src/executor/process/process-executor.ts';
import { CommandStream } from '../src/runner/command/command-stream.ts';
import { Notes } from '../src/runner/command/notes.ts';
import { createRedaction } from '../src/runner/mask/redaction.ts';
import { createRunner } from '../src/runner/runner.ts';
import { job, messageFor, realClock, realRandom, step } from '../test/support/job-rig.ts';
import { noRooms } from '../test/support/rooms.ts';
import { compare, median } from './support/measure.ts';
import { commitAll } from './support/release.ts';

const STEPS = 20;
const ROUNDS = 9;
const RATIO_MAX = 3;
const root = fileURLToPath(new URL('..', import.meta.url));
const work = mkdtempSync(join(tmpdir(), 'sluice-bench-workflow-'));

try {
  await commands();
  await steps();
  output();
} finally {
  rmSync(work, { recursive: true, force: true });
}

/** The script of each step in a file, as GitHub's runner writes it, and one script that runs them all. */
function shellScript(): string {
  const lines = Array.from({ length: STEPS }, (_, index) => {
    const file = join(work, `step-${index}.sh`);
    writeFileSync(file, 'true\n');
    return `bash -e ${file}`;
  });
  const file = join(work, 'all.sh');
  writeFileSync(file, `${lines.join('\n')}\n`);
  return file;
}

async function commands(): Promise<void> {
  const repository = join(work, 'repository');
  mkdirSync(join(repository, '.github/workflows'), { recursive: true });
  const list = Array.from({ length: STEPS }, () => '      - run: "true"\n').join('');
  writeFileSync(
    join(repository, '.github/workflows/ci.yml'),
    `on: push\njobs:\n  build:\n    runs-on: ubuntu-latest\n    steps:\n${list}`,
  );
  commitAll(repository);
  const samples = await compare(
    [
      {
        name: 'sluice run',
        command: [join(root, 'bin/sluice'), 'run', '--event', 'push'],
        directory: repository,
        environment: { SLUICE_HOME: join(work, 'home') },
      },
      { name: 'script', command: ['bash', '-e', shellScript()] },
    ],
    ROUNDS,
  );
  const [own, script] = ['sluice run', 'script'].map((name) => samples.get(name)!.wallMs) as [number, number];
  console.log(
    `${STEPS} steps, wall time: whole command ${own.toFixed(0)} ms, script ${script.toFixed(0)} ms, ratio ${(own / script).toFixed(2)}`,
  );
}

/** The job alone, in a process that is there: what each step costs. */
async function steps(): Promise<void> {
  const executor = await openProcessExecutor({ directory: join(work, 'executor'), clock: realClock });
  const source = join(work, 'source');
  mkdirSync(source);
  const all = Array.from({ length: STEPS }, (_, index) =>
    step(`s${index}`, 'true', { shell: 'bash -e {0}' }),
  );
  const workflow = { runsOn: ['x'], permissions: null, environment: null, call: null };
  const runner = createRunner({
    executor,
    rooms: noRooms,
    secrets: { read: async () => null },
    clock: realClock,
    random: realRandom,
    directory: join(work, 'data'),
    workspaceRoot: join(work, 'workspaces'),
    hostEnvironment: process.env,
    keepWorkspaces: 'never',
  });
  const script = shellScript();
  const times = { ours: [] as number[], script: [] as number[] };
  for (let round = 0; round <= ROUNDS; round++) {
    const startedMs = performance.now();
    const message = messageFor(job(all, { workflow }), source, { runId: `r${round}` });
    const report = await runner.perform(message, async () => {}, { onCancel() {}, onCancelStep() {} });
    if (report.outcome !== 'succeeded') throw new Error(JSON.stringify(report));
    const oursMs = performance.now() - startedMs;
    await runner.releaseAttempt(`r${round}`, 'build', 1);
    const samples = await compare([{ name: 'script', command: ['bash', '-e', script] }], 1);
    if (round === 0) continue;
    times.ours.push(oursMs);
    times.script.push(samples.get('script')!.wallMs);
  }
  await executor.shutdown();
  const ratio = median(times.ours) / median(times.script);
  console.log(
    `${STEPS} steps, wall time: job alone ${median(times.ours).toFixed(0)} ms, script ${median(times.script).toFixed(0)} ms, ratio ${ratio.toFixed(2)} of at most ${RATIO_MAX}`,
  );
  process.exitCode = ratio <= RATIO_MAX ? 0 : 1;
}

/** What looking for commands costs, for each MB of output without any, and with `::` in the middle of each line. */
function output(): void {
  const folder = join(work, 'notes');
  mkdirSync(folder);
  for (const [name, line] of [
    ['without ::', 'a plain line of output, as a compiler or a test runner prints many of them\n'],
    ['with :: in each line', 'src/main.cc: error in std::vector<std::string>::push_back, and so on and on\n'],
  ] as const) {
    const chunk = Buffer.from(line.repeat(Math.ceil(65536 / line.length))).subarray(0, 65536);
    const redaction = createRedaction([]);
    const stream = new CommandStream({
      redaction,
      notes: new Notes(folder, 'a.1', false),
      isDebug: false,
      directory: '/work',
    });
    let bytes = 0;
    const take = (piece: Uint8Array) => {
      bytes += piece.length;
    };
    const rates: number[] = [];
    for (let round = 0; round < 40; round++) {
      const before = process.cpuUsage();
      for (let turn = 0; turn < 400; turn++) stream.write(chunk, take);
      const { user, system } = process.cpuUsage(before);
      rates.push((400 * chunk.length) / (user + system));
    }
    if (bytes === 0) throw new Error('nothing came through');
    console.log(`looking for commands, output ${name}: ${median(rates.slice(10)).toFixed(0)} MB/s`);
  }
}
