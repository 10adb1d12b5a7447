import { setImmediate as turn } from 'node:timers/promises';
import type { Digest } from '../../base/digest.ts';
import type { ReportArchive } from '../../cache/contract.ts';
import type { BrokenReport, ReportEvidence } from '../../gate/evidence.ts';
import { FactCollector } from '../../gate/facts/collect.ts';
import type { Facts } from '../../gate/facts/facts.ts';
import { parserOf } from '../../gate/report/choose.ts';
import { ReportError } from '../../gate/report/contract.ts';
import { readReport } from '../../gate/report/read-report.ts';
import type { ReportUse } from '../../journal/run-event.ts';
import { reasonOf } from '../keep-place.ts';

/** The code of a report that was read once and is not kept any more. */
export const REPORT_GONE = 'report-gone';

/** What reports say, and those that say nothing. */
export interface ReadEvidence {
  readonly reports: ReportEvidence[];
  readonly broken: BrokenReport[];
}

/**
 * Reads kept reports of one cell again, with all their facts. What was broken, was written by no step or is not what was kept
 * becomes evidence of that. `commit`: what they were made of.
 */
export async function readEvidence(
  archive: ReportArchive,
  job: string,
  commit: string | null,
  uses: readonly ReportUse[],
  tree: Digest | null,
  into: ReadEvidence,
): Promise<void> {
  for (const use of uses) {
    const broken = (code: string, message: string, line: number | null = null): void => {
      into.broken.push({ job, file: use.file, kind: use.kind as BrokenReport['kind'], code, message, line });
    };
    if (use.isStale) {
      broken('report-stale', 'it lay there before the first step, and no step wrote it');
    } else if (use.digest === null || tree === null) {
      broken('report-broken', use.problem ?? 'it could not be kept');
    } else {
      const read = await readKept(archive, tree, use);
      if (read === null) broken(REPORT_GONE, 'it is not kept any more');
      else if ('facts' in read) into.reports.push({ facts: read.facts, job, commit, writtenAtMs: null });
      else broken('report-broken', read.problem);
    }
  }
}

/** null: it is not kept any more. */
async function readKept(
  archive: ReportArchive,
  tree: Digest,
  { file, kind, digest, roots }: ReportUse,
): Promise<{ readonly facts: Facts } | { readonly problem: string } | null> {
  try {
    const chunks = await archive.open(tree, file);
    if (chunks === null) return null;
    const sink = new FactCollector(roots);
    const read = await readReport(file, chunks, kind === null ? null : parserOf(kind), sink, turn);
    if (read.digest !== digest) return { problem: 'what was kept is not what was read' };
    return { facts: sink.facts(file, read) };
  } catch (error) {
    return { problem: error instanceof ReportError ? error.message : reasonOf(error) };
  }
}
