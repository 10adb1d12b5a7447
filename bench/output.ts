/*
 * node bench/output.ts [MB]: one step's output through the whole way of a run (executor, masking, times, index, log file)
 * beside a Node pipe with one writeSync for each chunk, in the same process and in turns. 20 secrets, all their encodings.
 * Prints the median of the turns, their ratio, the resident memory and the rung of process killing.
 */
import { spawn } from 'node:child_process';
import { closeSync, ftruncateSync, mkdtempSync, openSync, rmSync, statSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openProcessExecutor } from '../src/executor/process/process-executor.ts';
import type { StepFinished } from '../src/runner/contract.ts';
import { logFile, stepKey } from '../src/runner/log/paths.ts';
import { secretVariants } from '../src/runner/mask/variants.ts';
import { createRunner } from '../src/runner/runner.ts';
import { job, messageFor, realClock, realRandom, step } from '../test/support/job-rig.ts';
import { noRooms } from '../test/support/rooms.ts';
import { median } from './support/measure.ts';

const TURNS = 3;
const SOURCE_BYTES = 64 * 1024 * 1024;
const megabytes = Number(process.argv[2] ?? 1024);
const rounds = Math.max(1, Math.round((megabytes * 1024 * 1024) / SOURCE_BYTES));

const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-output-'));
const secrets = Array.from({ length: 20 }, (_, i) =>
  i < 6 ? `shared-prefix-${i}/${'+x&'.repeat(3)}${i * 7919}` : randomText(i),
);

try {
  await main();
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function main(): Promise<void> {
  const source = join(folder, 'source.txt');
  const secretCount = writeSource(source);
  const script = `i=0; while [ $i -lt ${rounds} ]; do dd if=${source} bs=64k status=none; i=$((i+1)); done`;
  const executor = await openProcessExecutor({ directory: join(folder, 'executor'), clock: realClock });
  const rates: { ours: number[]; floor: number[] } = { ours: [], floor: [] };
  let residentMaxBytes = 0;
  const watch = setInterval(() => {
    residentMaxBytes = Math.max(residentMaxBytes, process.memoryUsage.rss());
  }, 50);
  const residentStartBytes = process.memoryUsage.rss();
  for (let turn = 0; turn < TURNS; turn++) {
    rates.floor.push(await floor(script));
    rates.ours.push(await ours(script, executor, secretCount * rounds));
  }
  clearInterval(watch);
  await executor.shutdown();
  const [own, plain] = [median(rates.ours), median(rates.floor)];
  const variants = new Set(
    secrets.flatMap(secretVariants).map((form) => Buffer.from(form).toString('latin1')),
  ).size;
  console.log(
    JSON.stringify({
      megabytes: (rounds * SOURCE_BYTES) / 1024 / 1024,
      patterns: variants,
      oursMegabytesPerSecond: Math.round(own),
      pipeWithWriteSyncMegabytesPerSecond: Math.round(plain),
      ratio: Number((own / plain).toFixed(2)),
      residentStartMiB: Math.round(residentStartBytes / 1024 / 1024),
      residentMaxMiB: Math.round(residentMaxBytes / 1024 / 1024),
      rung: executor.isolation.rung,
    }),
  );
}

/** A child whose chunks are written to a file as they come: what Node can do at all. */
async function floor(script: string): Promise<number> {
  const file = join(folder, 'floor.out');
  const started = performance.now();
  const descriptor = openSync(file, 'w');
  const child = spawn('sh', ['-c', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  child.stdout.on('data', (chunk: Buffer) => writeSync(descriptor, chunk));
  await new Promise((resolve) => child.on('close', resolve));
  closeSync(descriptor);
  return finish(file, started);
}

async function ours(
  script: string,
  executor: Awaited<ReturnType<typeof openProcessExecutor>>,
  secretCount: number,
): Promise<number> {
  const runner = createRunner({
    executor,
    rooms: noRooms,
    secrets: { read: async (name) => secrets[Number(name)] ?? null },
    clock: realClock,
    random: realRandom,
    directory: folder,
    workspaceRoot: join(folder, 'workspaces'),
    hostEnvironment: process.env,
    keepWorkspaces: 'never',
    logBytesMax: Number.POSITIVE_INFINITY,
  });
  const empty = mkdtempSync(join(folder, 'empty-'));
  const grants = secrets.map((_, i) => ({ name: String(i), variable: `SECRET_${i}` }));
  const started = performance.now();
  let receipt: StepFinished | null = null;
  const report = await runner.perform(
    messageFor(job([step('print', script)], { secrets: grants }), empty),
    async (event) => {
      if (event.type === 'step.finished') receipt = event;
    },
    { onCancel() {}, onCancelStep() {} },
  );
  if (report.outcome !== 'succeeded')
    throw new Error(`the step ${report.outcome}: ${JSON.stringify(report)}`);
  const file = logFile(folder, 'r1', 'build', 1, stepKey('print', 1));
  const saved = rounds * SOURCE_BYTES - statSync(file).size;
  if (saved <= secretCount * 5) throw new Error('the secrets were not masked');
  if (receipt!.log.bytes !== statSync(file).size) throw new Error('the size in the receipt is wrong');
  const rate = finish(file, started);
  await runner.releaseAttempt('r1', 'build', 1);
  await runner.releaseRun('r1');
  return rate;
}

function finish(file: string, started: number): number {
  const seconds = (performance.now() - started) / 1000;
  rmSync(file);
  return (rounds * SOURCE_BYTES) / 1e6 / seconds;
}

/** Ordinary build output with one secret in 200 lines. Returns how many secrets there are. */
function writeSource(file: string): number {
  const descriptor = openSync(file, 'w');
  let length = 0;
  let secretCount = 0;
  let lines = '';
  for (let i = 0; length < SOURCE_BYTES; i++) {
    const secret = i % 200 === 0 ? ` token=${secrets[secretCount++ % secrets.length]}` : '';
    const line = `step ${i}: ${((i * 2654435761) >>> 0).toString(36)} compiled src/mod${i % 977}/file${i % 31}.ts in ${i % 100}ms${secret}\n`;
    lines += line;
    length += line.length;
    if (lines.length > 65_536 || length >= SOURCE_BYTES) {
      writeSync(descriptor, lines);
      lines = '';
    }
  }
  ftruncateSync(descriptor, SOURCE_BYTES);
  closeSync(descriptor);
  return secretCount - 1;
}

function randomText(i: number): string {
  return Buffer.from(realRandom.bytes(12 + i)).toString('base64');
}
