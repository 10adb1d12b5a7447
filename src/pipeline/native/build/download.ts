import type { PlanJob } from '../../plan.ts';
import type { PlanDownload } from '../../plan-artifact.ts';
import type { Span } from '../node.ts';
import { type Problems, shown } from '../problem.ts';

/** A download with the place where its artifact, or else its job, is named. */
export interface LocatedDownload {
  readonly download: PlanDownload;
  readonly at: Span;
  readonly fromAt: Span;
}

/**
 * Reports downloads of artifacts that no job before has. Of names with `${{ }}` nothing is known before the run.
 * `downloads`: job id to its downloads.
 */
export function checkDownloads(
  downloads: ReadonlyMap<string, readonly LocatedDownload[]>,
  jobs: readonly PlanJob[],
  problems: Problems,
): void {
  if (downloads.size === 0) return;
  const byId = new Map(jobs.map((job) => [job.id, job]));
  for (const [id, located] of downloads) {
    const before = jobsBefore(id, byId);
    for (const one of located) checkOne(one, id, before, byId, problems);
  }
}

function checkOne(
  { download, at, fromAt }: LocatedDownload,
  id: string,
  before: ReadonlyMap<string, PlanJob>,
  all: ReadonlyMap<string, PlanJob>,
  problems: Problems,
): void {
  const { artifact, from } = download;
  if (from !== null && !before.has(from)) {
    const near = all.has(from) ? null : problems.near(from, [...before.keys()]);
    problems.error('unknown-job', fromAt, `the job ${shown(from)} is not before ${shown(id)}`, {
      suggestion: near ? `did you mean \`${near}\`?` : `add it to the \`needs\` of \`${id}\``,
    });
    return;
  }
  const sources = from === null ? [...before.values()] : [before.get(from)!];
  const names = sources.flatMap((job) => job.artifacts.map(({ name }) => name));
  if (artifact.includes('${{') || names.includes(artifact) || names.some((name) => name.includes('${{')))
    return;
  const where = from === null ? `no job before ${shown(id)} has` : `the job ${shown(from)} does not have`;
  const near = problems.near(artifact, names);
  problems.error('unknown-artifact', at, `${where} an artifact ${shown(artifact)}`, {
    suggestion: near
      ? `did you mean \`${near}\`?`
      : names.length > 0
        ? `there are ${[...new Set(names)].join(', ')}`
        : `let a job that \`${id}\` needs keep it: \`artifacts: [{name: ${artifact}, paths: dist/**}]\``,
  });
}

/** All jobs that are over before a job starts, by id. */
function jobsBefore(id: string, byId: ReadonlyMap<string, PlanJob>): Map<string, PlanJob> {
  const found = new Map<string, PlanJob>();
  const open = [...(byId.get(id)?.needs ?? [])];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const job = byId.get(next);
    if (!job || found.has(next)) continue;
    found.set(next, job);
    open.push(...job.needs);
  }
  return found;
}
