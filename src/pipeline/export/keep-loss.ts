import type { PlanJob } from '../plan.ts';
import type { LossNote } from './contract.ts';

/** What a target does not say that keeps files of a job by their paths alone. */
export function keepLosses(job: PlanJob, target: string): LossNote[] {
  const notes: LossNote[] = [];
  const lose = (feature: string, message: string, instead: string, place: LossNote['place']) =>
    notes.push({ feature, message: `job ${job.id}: ${message}`, instead, place });
  for (const { name, paths, version, tags, retentionMs, when, place } of job.artifacts) {
    const said = {
      ...(version === null ? {} : { version }),
      ...(Object.keys(tags).length > 0 ? { tags } : {}),
      ...(retentionMs === null ? {} : { retentionMs }),
      ...(when === 'success' ? {} : { when }),
      ...(paths.some((path) => path.startsWith('!')) ? { paths } : {}),
    };
    const rest = Object.keys(said).length > 0 ? ` and ${JSON.stringify(said)}` : '';
    lose(
      'artifact',
      `of the artifact its name ${name}${rest}`,
      `${target} keeps its files by their paths`,
      place,
    );
  }
  for (const { artifact, files, path, place } of job.downloads) {
    const rest = files.length > 0 ? `, and only ${files.join(', ')} of it` : '';
    lose(
      'download',
      `that ${artifact} is brought to ${path}${rest}`,
      'files of jobs before lie where they were made',
      place,
    );
  }
  for (const { key, keyFiles, paths, readonly, restoreKeys, place } of job.caches) {
    const unknown = /\$\{\{(?!\s*(?:hashFiles\('|git\.branch|github\.ref_name|git\.sha|github\.sha))/i.test(
      [key, ...restoreKeys, ...paths].join('\n'),
    );
    if (keyFiles.length > 0 || unknown || readonly)
      lose(
        'cache',
        `of the cache ${key}: ${JSON.stringify({ keyFiles, restoreKeys, readonly })}`,
        'its key stands there as far as it can be said',
        place,
      );
  }
  return notes;
}
