import type { Digest } from '../../base/digest.ts';
import type { ReportUse } from '../../journal/run-event.ts';
import type { JobMessage } from '../contract.ts';
import type { RunnerOptions } from '../options.ts';
import { RETENTION_MS } from '../reports.ts';

/**
 * Remembers what the reports of a job say, for changes that are compared with its commit. Only of a trusted run of exactly that
 * commit; to be called only when its steps went well. Rejects as the storage does.
 */
export async function noteFacts(
  { rooms, clock }: RunnerOptions,
  { source, trust, runId, job, cell }: JobMessage,
  reports: readonly ReportUse[],
  tree: Digest | null,
): Promise<void> {
  const { repository, commit } = source;
  if (tree === null || commit === null || source.dirty || trust !== 'trusted') return;
  const expiresAtMs = clock.now() + RETENTION_MS;
  const archive = await rooms.reports();
  await archive.noteFacts({ repository, commit, runId, job: job.id, cell, reports, tree, expiresAtMs });
}
