/**
 * An owner that can be killed: `node step-owner.ts DIRECTORY RUNG JOB STEP [FOLDER]` opens a process executor, or a sandbox that
 * shows the folder, and starts the step (JSON without its sink). It copies the step's output to its own standard output, and closes nothing.
 */
import { writeSync } from 'node:fs';

import { openProcessExecutor, type ProcessRung } from '../../src/executor/process/process-executor.ts';
import { openSandboxExecutor } from '../../src/executor/sandbox/sandbox-executor.ts';
import { machineClock } from '../../src/machine/clock.ts';
import { confinedTo, confining, PATH } from './sandbox-harness.ts';

const [directory, rung, jobKey, step, folder] = process.argv.slice(2) as [
  string,
  ProcessRung,
  string,
  string,
  string,
];
const options = { directory, clock: machineClock, rung };
const executor = folder
  ? confining(await openSandboxExecutor({ ...options, path: PATH, requireSound: false }), confinedTo(folder))
  : await openProcessExecutor(options);
const job = await executor.openJob({ jobKey });
const onOutput = (chunk: Uint8Array) => void writeSync(1, chunk);
await (await job.start({ ...JSON.parse(step), onOutput })).ended;
