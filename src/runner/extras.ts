import type { Digest } from '../base/digest.ts';
import type { JsonObject } from '../base/json.ts';
import type { CacheUse, CellExtras, KeptArtifact, ReportUse, WorkUse } from '../journal/run-event.ts';

/** Collects what an attempt did besides its steps. */
export class Extras {
  readonly kept: KeptArtifact[] = [];
  readonly caches: CacheUse[] = [];
  work: WorkUse | null = null;
  readonly reports: ReportUse[] = [];
  reportTree: Digest | null = null;
  /** The GateResult. */
  gates: JsonObject | null = null;

  /** null when there is nothing to tell, as for most jobs. */
  told(): CellExtras | null {
    const { kept, caches, work, reports, reportTree, gates } = this;
    if (kept.length + caches.length + reports.length === 0 && work === null && gates === null) return null;
    return {
      ...(kept.length > 0 ? { kept } : {}),
      ...(caches.length > 0 ? { caches } : {}),
      ...(work ? { work } : {}),
      ...(reports.length > 0 ? { reports } : {}),
      ...(reportTree ? { reportTree } : {}),
      ...(gates ? { gates } : {}),
    };
  }
}
