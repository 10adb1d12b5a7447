import type { Executor, StepEnd, StepSpec } from '../../src/executor/contract.ts';
import { collect } from '../contract/executor.contract.ts';

let count = 0;

/** A job key that no other test uses. */
export function freshJobKey(): string {
  return `job-${process.pid}-${++count}`;
}

/** Runs one step in a job of its own, closes the job, and returns what came of it. Missing parts: `/`, a PATH, no terminal. */
export async function runStep(
  executor: Executor,
  command: readonly string[],
  parts: Partial<StepSpec> = {},
): Promise<StepEnd & { readonly output: Buffer; readonly killed: number }> {
  const output = collect();
  const job = await executor.openJob({ jobKey: freshJobKey() });
  const step = await job.start({
    stepKey: 'one',
    command,
    directory: '/',
    environment: { PATH: '/usr/local/bin:/usr/bin:/bin' },
    tty: false,
    onOutput: output.sink,
    ...parts,
  });
  const end = await step.ended;
  const { killed } = await job.close();
  job.forget();
  return { ...end, output: output.bytes(), killed };
}
