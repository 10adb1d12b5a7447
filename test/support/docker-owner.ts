/**
 * An owner that can be killed: `node docker-owner.ts DIRECTORY FOLDER JOB STEP` opens the executor for containers and starts the step
 * (JSON without its sink) in one that shows the folder. It copies the step's output to its own standard output, and closes nothing.
 */
import { writeSync } from 'node:fs';

import { containedIn, openTestExecutor } from './docker-harness.ts';

const [directory, folder, jobKey, step] = process.argv.slice(2) as [string, string, string, string];
const executor = await openTestExecutor(directory, process.env);
const job = await executor.openJob({ jobKey, confinement: containedIn(folder) });
const onOutput = (chunk: Uint8Array) => void writeSync(1, chunk);
await (await job.start({ ...JSON.parse(step), onOutput })).ended;
