import { rmSync } from 'node:fs';
import type { Digest } from '../../../base/digest.ts';
import type { Clock } from '../../../base/port.ts';
import type { Collected, CollectLimits, Collector } from '../../contract.ts';
import { namedBlobs } from '../reach.ts';
import { takeTurns } from '../turn-taking.ts';
import { BlobReader } from './blob-reader.ts';
import { overLimit } from './eviction.ts';
import { folderError } from './failure.ts';
import { FileLock } from './file-lock.ts';
import { removeEmptied } from './folder-references.ts';
import { foundReferences, keptBy, usedAt } from './kept.ts';
import { Layout, type ProcessOwners } from './layout.ts';
import { bringBack, removeLeftovers } from './leftovers.ts';
import { listStored } from './list-stored.ts';
import { Sweep } from './sweep.ts';

const NOTHING: Collected = { references: 0, blobs: 0, bytes: 0 };

export interface FolderCollector extends Collector {
  close(): void;
}

/**
 * The collector of a folder storage. One collects at a time; another one that is asked meanwhile removes nothing. It may be
 * killed at any instant: what it had put aside comes back with the next one.
 */
export function openFolderCollector(options: {
  readonly directory: string;
  readonly clock: Clock;
  readonly owners: ProcessOwners;
}): FolderCollector {
  const layout = new Layout(options.directory);
  const one = new FileLock(`${layout.lock}-one`, options.clock);
  const holding = new FileLock(layout.lock, options.clock);
  return {
    async collect(limits, nowMs) {
      try {
        const collected = await one.ifFree(() => collect(layout, options, holding, limits, nowMs));
        return collected ?? NOTHING;
      } catch (error) {
        throw folderError(error, options.directory);
      }
    },
    close() {
      one.close();
      holding.close();
    },
  };
}

async function collect(
  layout: Layout,
  { clock, owners }: { readonly clock: Clock; readonly owners: ProcessOwners },
  holding: FileLock,
  limits: CollectLimits,
  nowMs: number,
): Promise<Collected> {
  bringBack(layout);
  await removeLeftovers(layout, owners, nowMs);

  const reader = new BlobReader(layout, takeTurns(clock));
  const reached = new Map<Digest, readonly Digest[]>();
  /** The digest and what it names. */
  const reach = async (digest: Digest): Promise<readonly Digest[]> => {
    let named = reached.get(digest);
    if (named === undefined) {
      named = [digest, ...(await namedBlobs((wanted) => reader.open(wanted), digest))];
      reached.set(digest, named);
    }
    return named;
  };

  const storedBytes = new Map<Digest, number>();
  const old: Digest[] = [];
  for await (const blob of listStored(layout)) {
    storedBytes.set(blob.digest, blob.storedBytes);
    if (nowMs - blob.usedAtMs > limits.graceMs) old.push(blob.digest);
  }

  // Blobs were listed before references: what is stored and named from now on is young.
  const cached: { name: string; usedAtMs: number; blobs: Digest[] }[] = [];
  const live = new Set<Digest>();
  for await (const { name, usedAtMs } of foundReferences(layout)) {
    const blobs: Digest[] = [];
    for (const digest of keptBy(layout, name)) blobs.push(...(await reach(digest)));
    if (name.startsWith('cache/')) cached.push({ name, usedAtMs, blobs });
    else for (const digest of blobs) live.add(digest);
  }
  let references = 0;
  const evicted: Digest[] = [];
  const over = overLimit(cached, limits, storedBytes, nowMs);
  for (const entry of cached) {
    const path = layout.reference(entry.name);
    // Used or written anew meanwhile: it stays.
    if (over.has(entry.name) && (await usedAt(path)) === entry.usedAtMs) {
      rmSync(path, { force: true });
      removeEmptied(path.slice(0, path.lastIndexOf('/')), layout.references);
      evicted.push(...entry.blobs);
      references += 1;
    } else {
      for (const digest of entry.blobs) live.add(digest);
    }
  }

  const sweep = new Sweep({ layout, holding, owners, reach, live, graceMs: limits.graceMs, nowMs });
  // What was named first, so that a tree goes with its manifest before its contents.
  const first = new Set(evicted);
  const candidates = [...first, ...old.filter((digest) => !first.has(digest))];
  const oldOnes = new Set(old);
  const swept = await sweep.run(candidates.filter((digest) => oldOnes.has(digest) && !live.has(digest)));
  return { references, ...swept };
}
