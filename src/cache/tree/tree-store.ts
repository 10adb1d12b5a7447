import { realpathSync } from 'node:fs';
import { join } from 'node:path';
import { type Digest, digestOf } from '../../base/digest.ts';
import type { Clock, Random } from '../../base/port.ts';
import {
  BlobDamageError,
  type BlobStore,
  type TreeManifest,
  type TreeRestore,
  type TreeSave,
  type TreeStore,
} from '../contract.ts';
import { changedPaths } from './changed.ts';
import { digestFiles } from './digest-files.ts';
import { FileIndex } from './file-index.ts';
import { readManifest } from './manifest.ts';
import { openFile } from './open-file.ts';
import { restoreTree } from './restore.ts';
import { saveTree } from './save.ts';
import { Slices } from './slices.ts';
import { systemProblem } from './system-problem.ts';

export interface TreeStoreOptions {
  readonly blobs: BlobStore;
  /** A folder of its own for what speeds trees up: file indexes. May be emptied at any time. */
  readonly directory: string;
  readonly clock: Clock;
  readonly random: Random;
}

/** Manifests and file indexes of this many roots stay in memory, for the snapshots after each step of a job. */
const REMEMBERED_MAX = 4;

/** For a root that is only there for now: an index for it would be a file that nobody reads again. */
const FORGETFUL: Pick<FileIndex, 'begin'> = {
  begin: () => ({ find: () => null, remember: () => {}, save: () => {} }),
};

/** Trees over the blobs of a storage. */
export function treeStore({ blobs, directory, clock, random }: TreeStoreOptions): TreeStore {
  const manifests = new Map<Digest, TreeManifest>();
  const indexes = new Map<string, FileIndex>();

  async function manifest(digest: Digest): Promise<TreeManifest | null> {
    const known = manifests.get(digest);
    if (known) return known;
    const bytes = await blobs.read(digest);
    return bytes === null ? null : remember(manifests, digest, readManifest(bytes));
  }

  function indexOf(root: string): FileIndex {
    const name = digestOf(root).slice(0, 32);
    return indexes.get(root) ?? remember(indexes, root, FileIndex.open(join(directory, 'index', name)));
  }

  async function record(
    { root, select, since, links = 'inside', isPassing = false }: TreeSave,
    leftOut: string[] | null = null,
  ) {
    const real = realRoot(root);
    // A damaged earlier manifest costs time, not the save.
    const earlier = since === undefined ? null : await manifest(since).catch(() => null);
    const saved = await saveTree(
      {
        root: real,
        select,
        links,
        since: since && earlier ? { digest: since, manifest: earlier } : null,
        leftOut,
      },
      blobs,
      isPassing ? FORGETFUL : indexOf(real),
      new Slices(clock),
    );
    remember(manifests, saved.digest, saved.manifest);
    return { saved, earlier };
  }

  return {
    manifest,
    async save(request) {
      const { saved } = await record(request);
      const files = saved.manifest.entries.filter((entry) => entry.kind === 'file');
      return {
        digest: saved.digest,
        content: saved.manifest.content,
        files: files.length,
        bytes: files.reduce((sum, { size }) => sum + size, 0),
        storedBytes: saved.addedBytes,
      };
    },
    async snapshot(root, previous) {
      const leftOut: string[] = [];
      const { saved, earlier } = await record(
        { root, select: ['.'], links: 'any', ...(previous ? { since: previous } : {}) },
        leftOut,
      );
      const changed = changedPaths(earlier?.entries ?? [], saved.manifest.entries);
      return { digest: saved.digest, changed, leftOut };
    },
    async restore(digest, target, options: TreeRestore = {}) {
      const found = await manifest(digest);
      if (found === null) throw new BlobDamageError(`the list of files is missing (blob ${digest})`, digest);
      return restoreTree(found, target, options, { blobs, random, slices: new Slices(clock) });
    },
    async open(digest, path) {
      const found = await manifest(digest);
      return found && openFile(found, path, blobs);
    },
    async isWhole(digest) {
      const found = await manifest(digest);
      if (found === null) return false;
      const asked = [digest, ...found.packs];
      const stored = await blobs.has(asked);
      return asked.every((one) => stored.has(one));
    },
    digestFiles(root, select) {
      const real = realRoot(root);
      return digestFiles(real, select, indexOf(real), new Slices(clock));
    },
  };
}

function realRoot(root: string): string {
  try {
    return realpathSync(root);
  } catch (error) {
    throw systemProblem('.', error);
  }
}

/** Adds as the youngest and drops the oldest. */
function remember<K, V>(map: Map<K, V>, key: K, value: V): V {
  map.delete(key);
  map.set(key, value);
  for (const oldest of map.keys()) {
    if (map.size <= REMEMBERED_MAX) break;
    map.delete(oldest);
  }
  return value;
}
