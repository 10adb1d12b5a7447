import { judgeGates } from './gate/judge-gates.ts';
import { noteFacts } from './gate/note-facts.ts';
import { bringArtifact, keepArtifact } from './job-artifacts.ts';
import { restoreCache, saveCache } from './job-caches.ts';
import { asKeepProblem, type KeepPlace } from './keep-place.ts';
import { noteReports, takeReports } from './reports.ts';

/* What a job brings along from other jobs and runs before its first step, and what it keeps after its last one. */

/** Artifacts of jobs before this one, then directory caches. Throws a `KeepProblem` or a `JobProblem`. */
export async function bringIn(place: KeepPlace): Promise<void> {
  const { job } = place.state.message;
  for (const download of job.downloads) await bringArtifact(place, download);
  for (const cache of job.caches) await restoreCache(place, cache);
  if (job.reports.length > 0) noteReports(place);
}

/**
 * Reports whatever became of the job, artifacts by how it went, then the verdict of its gates; caches when its steps went well.
 * Throws a `KeepProblem` or a `JobProblem`.
 */
export async function keep(place: KeepPlace): Promise<void> {
  const { options, state } = place;
  const { message, extras } = state;
  const { job } = message;
  if (job.reports.length > 0) await takeReports(place);
  const isGood = state.failure === null && !state.isStopped;
  const wanted = job.artifacts.filter(({ when }) => when === 'always' || (when === 'success') === isGood);
  for (const artifact of wanted) await keepArtifact(place, artifact);
  // Whatever the gates say: facts of a commit are its facts, and the first commit with a ratchet has nothing to be compared with.
  if (isGood)
    await asKeepProblem('the reports could not be kept for later changes', () =>
      noteFacts(options, message, extras.reports, extras.reportTree),
    );
  if (job.gates.length > 0 && !state.isStopped) await judgeGates(place);
  if (isGood) for (const cache of job.caches) if (!cache.readonly) await saveCache(place, cache);
}
