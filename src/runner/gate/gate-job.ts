import type { JsonObject } from '../../base/json.ts';
import type { JobMessage, JobReport } from '../contract.ts';
import { reasonOf } from '../keep-place.ts';
import type { RunnerOptions } from '../options.ts';
import { blockingLines, gateCause, judgeJob, warningsOf } from './judge-job.ts';

/** Performs a job that has nothing to do but to judge what the jobs before it reported. It needs no workspace and starts nothing. */
export async function performGateJob(options: RunnerOptions, message: JobMessage): Promise<JobReport> {
  const startedMs = options.clock.monotonic();
  const report = (told: Pick<JobReport, 'outcome' | 'cause' | 'tail'> & Partial<JobReport>): JobReport => ({
    step: null,
    durationMs: Math.round(options.clock.monotonic() - startedMs),
    outputs: {},
    patterns: [],
    ...told,
  });
  try {
    const result = await judgeJob(options, message, null);
    const warnings = warningsOf(result);
    const more = {
      ...(warnings.length > 0 ? { warnings } : {}),
      extras: { gates: result as unknown as JsonObject },
    };
    if (result.effect === 'none') return report({ outcome: 'succeeded', cause: null, tail: [], ...more });
    const cause = { kind: 'gate', message: gateCause(result) } as const;
    if (result.effect === 'warns') return report({ outcome: 'warned', cause, tail: [], ...more });
    return report({ outcome: 'failed', cause, tail: blockingLines(result), ...more });
  } catch (error) {
    const text = `the gates could not be judged: ${reasonOf(error)}`;
    return report({ outcome: 'failed', cause: { kind: 'surroundings', message: text }, tail: [text] });
  }
}
