import type { JsonObject } from '../../base/json.ts';
import type { KeepPlace } from '../keep-place.ts';
import { asKeepProblem } from '../keep-place.ts';
import { blockingLines, gateCause, judgeJob, warningsOf } from './judge-job.ts';

/**
 * Judges the gates of a job whose steps are over, by what these left behind. What blocks becomes the job's failure, unless its
 * steps failed already; what warns makes it `warned`.
 */
export async function judgeGates({ options, state }: KeepPlace): Promise<void> {
  const { message, extras, failure } = state;
  const { job, cell } = message;
  await asKeepProblem('the gates could not be judged', async () => {
    const result = await judgeJob(options, message, {
      id: job.id,
      outcome: failure?.outcome ?? (state.warned ? 'warned' : 'succeeded'),
      kinds: job.reports.map(({ kind }) => kind),
      notApplicable: null,
      reports: [{ cell, reports: extras.reports, tree: extras.reportTree }],
      kept: extras.kept,
    });
    extras.gates = result as unknown as JsonObject;
    state.warnings.push(...warningsOf(result));
    if (result.effect === 'blocks') state.noteGates(gateCause(result), blockingLines(result));
    if (result.effect === 'warns') state.noteGateWarning(gateCause(result));
  });
}
