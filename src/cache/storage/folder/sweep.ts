import { existsSync, mkdirSync, renameSync, rmSync, statSync } from 'node:fs';
import type { Digest } from '../../../base/digest.ts';
import { ifThere } from './failure.ts';
import type { FileLock } from './file-lock.ts';
import { heldDigests, holdsIn } from './holds.ts';
import type { Layout, ProcessOwners } from './layout.ts';
import { mayLive } from './leftovers.ts';

/** Removed together, while holds wait: some milliseconds. */
const BATCH = 100;

interface SweepOptions {
  readonly layout: Layout;
  readonly holding: FileLock;
  readonly owners: ProcessOwners;
  /** A digest and what it names. */
  readonly reach: (digest: Digest) => Promise<readonly Digest[]>;
  /** Grows by what is found held. */
  readonly live: Set<Digest>;
  readonly graceMs: number;
  readonly nowMs: number;
}

/** Removes blobs that nobody reaches, unless somebody begins to hold or use one meanwhile. */
export class Sweep {
  readonly #given: SweepOptions;
  readonly #seenHolds = new Set<string>();

  constructor(given: SweepOptions) {
    this.#given = given;
  }

  /** In this order. Returns how many went and what they took on the disk. */
  async run(candidates: readonly Digest[]): Promise<{ readonly blobs: number; readonly bytes: number }> {
    let [blobs, bytes] = [0, 0];
    const { layout, holding, live } = this.#given;
    if (candidates.length > 0) mkdirSync(layout.aside, { recursive: true, mode: 0o700 });
    for (let at = 0; at < candidates.length; at += BATCH) {
      await holding.during(async () => {
        await this.#lookAtHolds();
        for (const digest of candidates.slice(at, at + BATCH)) {
          const size = live.has(digest) ? null : this.#remove(digest);
          if (size === null) continue;
          blobs += 1;
          bytes += size;
        }
      });
    }
    return { blobs, bytes };
  }

  async #lookAtHolds(): Promise<void> {
    const { layout, owners, reach, live, nowMs } = this.#given;
    for (const [owner, paths] of await holdsIn(layout)) {
      if (!mayLive(`${layout.holds}/${owner}`, owner, owners, nowMs)) continue;
      for (const path of paths) {
        if (this.#seenHolds.has(path)) continue;
        this.#seenHolds.add(path);
        for (const digest of heldDigests(path)) {
          for (const named of await reach(digest)) live.add(named);
        }
      }
    }
  }

  /**
   * Put aside first and looked at again: whoever used it an instant ago set its time before it went, and whoever comes now does not
   * find it and stores it anew. Returns the size when it was removed.
   */
  #remove(digest: Digest): number | null {
    const { layout, graceMs, nowMs } = this.#given;
    const [path, aside] = [layout.blob(digest), layout.asideBlob(digest)];
    let removed: number | null = null;
    ifThere(() => {
      renameSync(path, aside);
      const { mtimeMs, size } = statSync(aside);
      if (nowMs - mtimeMs <= graceMs) {
        if (existsSync(path)) rmSync(aside);
        else renameSync(aside, path);
        return;
      }
      rmSync(aside);
      removed = size;
    });
    return removed;
  }
}
