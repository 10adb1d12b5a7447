import { type Digest, digestOf } from '../base/digest.ts';
import { newId } from '../base/id.ts';
import type { JsonObject } from '../base/json.ts';
import type { Clock, Random } from '../base/port.ts';
import {
  BlobDamageError,
  type CacheEntryView,
  type CacheHit,
  type CacheScope,
  type DirectoryCaches,
  type ReferenceStore,
  TreeError,
  type TreeStore,
} from './contract.ts';

export interface DirectoryCachesOptions {
  readonly references: ReferenceStore;
  readonly trees: TreeStore;
  readonly clock: Clock;
  readonly random: Random;
}

/** Records below it may be removed by the collector, the one used longest ago first. */
const PREFIX = 'cache/directory';
const KEY_CHARACTERS_MAX = 512;
/** A name of a folder may have 255 bytes; each character of a key takes up to nine. */
const ENCODED_MAX = 200;
const ENTRIES_MAX = 1_000_000;
/** Being used is written down at most this often. */
const USED_EVERY_MS = 3_600_000;

/** One version under a key. */
interface Entry {
  readonly schemaVersion: 1;
  readonly key: string;
  readonly ref: string;
  readonly trust: CacheScope['trust'];
  readonly paths: readonly string[];
  readonly tree: Digest;
  readonly content: Digest;
  readonly bytes: number;
  readonly savedAtMs: number;
  readonly usedAtMs: number;
  readonly madeInMs: number;
}

/**
 * Directory caches over the trees and records of a storage. An entry's record is named by repository, trust, ref and key, and its
 * versions by time, so that the newest one of a key is the first that a listing gives.
 */
export function directoryCaches(options: DirectoryCachesOptions): DirectoryCaches {
  const { references, trees, clock, random } = options;

  async function readEntry(name: string): Promise<Entry | null> {
    try {
      const record = await references.read(name);
      return record?.schemaVersion === 1 ? (record as unknown as Entry) : null;
    } catch (error) {
      // A damaged record is as good as none.
      if (error instanceof BlobDamageError) return null;
      throw error;
    }
  }

  /** The newest whole entry among the names, which are those of one ref. */
  async function newest(names: readonly string[], isKey: (key: string) => boolean, paths: readonly string[]) {
    const byAge = names.toSorted((a, b) => (versionOf(a) < versionOf(b) ? 1 : -1));
    for (const name of byAge) {
      const entry = await readEntry(name);
      if (entry && isKey(entry.key) && samePaths(entry.paths, paths)) return { name, entry };
    }
    return null;
  }

  async function find(
    scope: CacheScope,
    key: string,
    restoreKeys: readonly string[],
    paths: readonly string[],
  ) {
    for (const folder of readableFolders(scope)) {
      const names = await references.list(folder, ENTRIES_MAX);
      if (names.length === 0) continue;
      const named = (prefix: string, whole: boolean) => {
        const wanted = encodedKey(prefix);
        return names.filter((name) => {
          const part = name.split('/').at(-2)!;
          // A cut name tells only its beginning; the record tells the rest.
          return whole
            ? part === wanted
            : part.startsWith(wanted) || part.startsWith(wanted.slice(0, ENCODED_MAX - 40));
        });
      };
      const exact = await newest(named(key, true), (other) => other === key, paths);
      if (exact) return { ...exact, isExact: true };
      for (const prefix of restoreKeys) {
        const found = await newest(named(prefix, false), (other) => other.startsWith(prefix), paths);
        if (found) return { ...found, isExact: found.entry.key === key };
      }
    }
    return null;
  }

  return {
    async restore({ scope, key, restoreKeys, paths, root }): Promise<CacheHit | null> {
      checkKey(key);
      const found = await find(scope, key, restoreKeys, paths);
      if (!found) return null;
      const { name, entry, isExact } = found;
      try {
        await trees.restore(entry.tree, root, { links: 'any' });
      } catch (error) {
        // What cannot be brought back whole is no entry any more; the work is done anew.
        if (error instanceof BlobDamageError) await references.remove(name);
        throw error;
      }
      const nowMs = clock.now();
      if (nowMs - entry.usedAtMs > USED_EVERY_MS)
        await references.write(name, stored({ ...entry, usedAtMs: nowMs }));
      const { tree: digest, bytes, savedAtMs, madeInMs } = entry;
      return { key: entry.key, exact: isExact, digest, bytes, savedAtMs, madeInMs };
    },

    async save({ scope, key, paths, root, madeInMs }) {
      checkKey(key);
      const folder = `${scopeFolder(scope.repository, scope.trust, scope.ref)}/${encodedKey(key)}`;
      const previous = await newest(
        await references.list(folder, ENTRIES_MAX),
        (other) => other === key,
        paths,
      );
      const since = previous?.entry.tree;
      const saved = await trees.save({ root, select: paths, links: 'any', ...(since ? { since } : {}) });
      if (saved.files === 0) throw new TreeError(paths.join(', '), `nothing of ${paths.join(', ')} is there`);
      if (previous?.entry.content === saved.content) return { storedBytes: 0, saved: false };
      const nowMs = clock.now();
      const entry: Entry = {
        schemaVersion: 1,
        key,
        ref: scope.ref,
        trust: scope.trust,
        paths: normalPaths(paths),
        tree: saved.digest,
        content: saved.content,
        bytes: saved.bytes,
        savedAtMs: nowMs,
        usedAtMs: nowMs,
        madeInMs,
      };
      await references.write(`${folder}/${newId(nowMs, random)}`, stored(entry));
      return { storedBytes: saved.storedBytes, saved: true };
    },

    async entries(repository) {
      const views = new Map<string, CacheEntryView>();
      for (const name of await references.list(repositoryFolder(repository), ENTRIES_MAX)) {
        const entry = await readEntry(name);
        if (!entry) continue;
        const { key, ref, trust, bytes, usedAtMs } = entry;
        const id = JSON.stringify([key, ref, trust]);
        const known = views.get(id);
        views.set(id, {
          key,
          ref,
          trust,
          versions: (known?.versions ?? 0) + 1,
          bytes: (known?.bytes ?? 0) + bytes,
          usedAtMs: Math.max(known?.usedAtMs ?? 0, usedAtMs),
        });
      }
      return [...views.values()].sort((a, b) => b.usedAtMs - a.usedAtMs);
    },

    async remove(repository, key) {
      let count = 0;
      for (const name of await references.list(repositoryFolder(repository), ENTRIES_MAX)) {
        if (key !== null && (await readEntry(name))?.key !== key) continue;
        await references.remove(name);
        count += 1;
      }
      return count;
    },
  };
}

function checkKey(key: string): void {
  if (key === '' || key.length > KEY_CHARACTERS_MAX || /[\r\n\0]/.test(key))
    throw new TreeError(
      key.slice(0, 40),
      `the cache key must have 1 to ${KEY_CHARACTERS_MAX} characters and no line break; it has ${key.length}`,
    );
}

/**
 * Where the run may look: its own place first, then at the refs that it may read. What an untrusted run wrote is read by
 * nobody else, not even by the next untrusted one.
 */
function readableFolders({ repository, trust, ref, readableRefs }: CacheScope): string[] {
  const own = scopeFolder(repository, trust, ref);
  return [...new Set([own, ...readableRefs.map((each) => scopeFolder(repository, 'trusted', each))])];
}

function repositoryFolder(repository: string): string {
  return `${PREFIX}/${digestOf(repository).slice(0, 32)}`;
}

function scopeFolder(repository: string, trust: CacheScope['trust'], ref: string): string {
  return `${repositoryFolder(repository)}/${trust}/${digestOf(ref).slice(0, 32)}`;
}

/** A key as a part of a name: other characters as `~` and their number. What gets too long is cut and told by its digest. */
function encodedKey(key: string): string {
  const encoded = [...key]
    .map((character) =>
      /[A-Za-z0-9_-]/.test(character) ? character : `~${character.codePointAt(0)!.toString(16)}~`,
    )
    .join('');
  if (encoded.length <= ENCODED_MAX) return encoded;
  return `${encoded.slice(0, ENCODED_MAX - 40)}.${digestOf(key).slice(0, 32)}`;
}

function versionOf(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1);
}

function normalPaths(paths: readonly string[]): readonly string[] {
  return paths.map((path) => path.replace(/\/+$/, '')).sort();
}

function samePaths(kept: readonly string[], wanted: readonly string[]): boolean {
  return JSON.stringify(kept) === JSON.stringify(normalPaths(wanted));
}

function stored(entry: Entry): JsonObject {
  return { ...(entry as unknown as JsonObject), keeps: [entry.tree] };
}
