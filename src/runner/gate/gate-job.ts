import type { JobMessage, JobReport } from '../contract.ts';
import { reasonOf } from '../keep-place.ts';
import type { RunnerOptions } from '../options.ts';
import { judgeJob } from './judge-job.ts';
import { judgedReport } from './judged-report.ts';

/** Performs a job that has nothing to do but to judge what the jobs before it reported. It needs no workspace and starts nothing. */
export async function performGateJob(options: RunnerOptions, message: JobMessage): Promise<JobReport> {
  const startedMs = options.clock.monotonic();
  const report: JobReport = {
    outcome: 'succeeded',
    cause: null,
    step: null,
    durationMs: 0,
    outputs: {},
    tail: [],
    patterns: [],
  };
  const told = await judgeJob(options, message, null).then(
    (result) => judgedReport(report, result),
    (error) => {
      const text = `the gates could not be judged: ${reasonOf(error)}`;
      return {
        ...report,
        outcome: 'failed',
        cause: { kind: 'surroundings', message: text },
        tail: [text],
      } as const;
    },
  );
  return { ...told, durationMs: Math.round(options.clock.monotonic() - startedMs) };
}
