/**
 * An owner that can be killed: `node step-owner.ts DIRECTORY RUNG JOB STEP` opens a process executor and starts the step
 * (JSON without its sink). It copies the step's output to its own standard output, and closes nothing.
 */
import { writeSync } from 'node:fs';

import { openProcessExecutor, type ProcessRung } from '../../src/executor/process/process-executor.ts';
import { machineClock } from '../../src/machine/clock.ts';

const [directory, rung, jobKey, step] = process.argv.slice(2) as [string, ProcessRung, string, string];
const executor = await openProcessExecutor({ directory, clock: machineClock, rung });
const job = await executor.openJob({ jobKey });
const onOutput = (chunk: Uint8Array) => void writeSync(1, chunk);
await (await job.start({ ...JSON.parse(step), onOutput })).ended;
