import type { Digest } from '../base/digest.ts';
import type { CacheUse, CellExtras, KeptArtifact, ReportUse, WorkUse } from '../journal/run-event.ts';

/** Collects what an attempt did besides its steps. */
export class Extras {
  readonly kept: KeptArtifact[] = [];
  readonly caches: CacheUse[] = [];
  work: WorkUse | null = null;
  readonly reports: ReportUse[] = [];
  reportTree: Digest | null = null;

  /** null when there is nothing to tell, as for most jobs. */
  told(): CellExtras | null {
    const { kept, caches, work, reports, reportTree } = this;
    if (kept.length === 0 && caches.length === 0 && reports.length === 0 && work === null) return null;
    return {
      ...(kept.length > 0 ? { kept } : {}),
      ...(caches.length > 0 ? { caches } : {}),
      ...(work ? { work } : {}),
      ...(reports.length > 0 ? { reports } : {}),
      ...(reportTree ? { reportTree } : {}),
    };
  }
}
