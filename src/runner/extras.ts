import type { CacheUse, CellExtras, KeptArtifact, WorkUse } from '../journal/run-event.ts';

/** Collects what an attempt did besides its steps. */
export class Extras {
  readonly kept: KeptArtifact[] = [];
  readonly caches: CacheUse[] = [];
  work: WorkUse | null = null;

  /** null when there is nothing to tell, as for most jobs. */
  told(): CellExtras | null {
    const { kept, caches, work } = this;
    if (kept.length === 0 && caches.length === 0 && work === null) return null;
    return {
      ...(kept.length > 0 ? { kept } : {}),
      ...(caches.length > 0 ? { caches } : {}),
      ...(work ? { work } : {}),
    };
  }
}
