import type { KeepPlace } from '../keep-place.ts';
import { asKeepProblem } from '../keep-place.ts';
import { RETENTION_MS } from '../reports.ts';

/**
 * Remembers what the reports of a job say, for changes that are compared with its commit. Only of a trusted run of exactly that
 * commit, and only when its steps went well.
 */
export async function noteFacts({ options, state }: KeepPlace): Promise<void> {
  const { message, extras, failure } = state;
  const { source, trust, runId, job, cell } = message;
  const { reports, reportTree: tree } = extras;
  if (tree === null || source.commit === null || source.dirty || trust !== 'trusted') return;
  if (failure !== null || state.isStopped) return;
  const { repository, commit } = source;
  const expiresAtMs = options.clock.now() + RETENTION_MS;
  await asKeepProblem('the reports could not be kept for later changes', async () => {
    const archive = await options.rooms.reports();
    await archive.noteFacts({
      repository,
      commit,
      runId,
      job: job.id,
      cell,
      reports,
      tree,
      expiresAtMs,
    });
  });
}
