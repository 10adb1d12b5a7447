import { formatBytes } from '../base/size.ts';
import type { CacheScope } from '../cache/contract.ts';
import type { DirectoryCache } from '../pipeline/plan-cache.ts';
import { cacheScope } from './cache-scope.ts';
import { hashFiles } from './hash-files.ts';
import type { JobState } from './job-state.ts';
import { filled, type KeepPlace, reasonOf } from './keep-place.ts';
import { JobProblem } from './problem.ts';

/* A cache is a convenience: without it the job is slower, not wrong. So what goes wrong with one is a warning. */

const KEY_DIGITS = 16;

/** Restores a directory cache into the workspace. Throws a `JobProblem` for a key that cannot be made. */
export async function restoreCache(place: KeepPlace, cache: DirectoryCache): Promise<void> {
  const { options, state, setup } = place;
  const key = keyOf(place, cache);
  const restoreKeys = cache.restoreKeys.map((one) => filled(place, one, 'a restore key'));
  const paths = cache.paths.map((path) => filled(place, path, 'a path of a cache'));
  const startedMs = options.clock.monotonic();
  const request = { scope: scopeOf(state), key, restoreKeys, paths, root: setup.workspace.directory };
  let sentence: string;
  let bytes = 0;
  let isHit = false;
  let madeInMs = 0;
  try {
    const hit = await (await options.rooms.caches()).restore(request);
    isHit = hit !== null;
    bytes = hit?.bytes ?? 0;
    madeInMs = hit?.madeInMs ?? 0;
    state.caches.set(cache, { key, isExact: hit?.exact ?? false });
    sentence = hit
      ? hit.exact
        ? `cache ${key}: restored ${formatBytes(bytes)}`
        : `cache ${key}: no entry of its own; restored ${formatBytes(bytes)} of ${hit.key}`
      : `cache ${key}: nothing under this key${restoreKeys.length > 0 ? ' and its restore keys' : ''} yet`;
  } catch (error) {
    sentence = `cache ${key}: not restored: ${reasonOf(error)}`;
    state.warnings.push(sentence);
  }
  const tookMs = Math.round(options.clock.monotonic() - startedMs);
  const savedMs = isHit ? Math.max(0, madeInMs - tookMs) : 0;
  state.extras.caches.push({ key, action: isHit ? 'restored' : 'missed', sentence, bytes, tookMs, savedMs });
}

/** Saves the directory under the key that was looked for before the steps. Throws a `JobProblem`. */
export async function saveCache(place: KeepPlace, cache: DirectoryCache): Promise<void> {
  const { options, state, setup } = place;
  const restored = state.caches.get(cache);
  // The steps may have changed the files that make the key; it stays what it was before them.
  const key = restored?.key ?? keyOf(place, cache);
  const paths = cache.paths.map((path) => filled(place, path, 'a path of a cache'));
  const startedMs = options.clock.monotonic();
  const tell = (action: 'saved' | 'not-saved', sentence: string, bytes: number) => {
    const tookMs = Math.round(options.clock.monotonic() - startedMs);
    state.extras.caches.push({ key, action, sentence, bytes, tookMs, savedMs: 0 });
  };
  if (restored?.isExact) return tell('not-saved', `cache ${key}: there already, so not saved again`, 0);
  const root = setup.workspace.directory;
  try {
    const caches = await options.rooms.caches();
    const madeInMs = Math.round(startedMs - setup.startedMs);
    const { saved, storedBytes } = await caches.save({ scope: scopeOf(state), key, paths, root, madeInMs });
    const sentence = saved ? `saved, ${formatBytes(storedBytes)} new` : 'its content is kept already';
    tell(saved ? 'saved' : 'not-saved', `cache ${key}: ${sentence}`, storedBytes);
  } catch (error) {
    const sentence = `cache ${key}: not saved: ${reasonOf(error)}`;
    state.warnings.push(sentence);
    tell('not-saved', sentence, 0);
  }
}

function scopeOf({ message }: JobState): CacheScope {
  return cacheScope(message.source, message.trust, message.contexts.event.payload);
}

/** The key with what its files add. */
function keyOf(place: KeepPlace, cache: DirectoryCache): string {
  const key = filled(place, cache.key, 'the key of a cache');
  if (cache.keyFiles.length === 0) return key;
  const globs = cache.keyFiles.map((glob) => filled(place, glob, 'a key file of a cache'));
  const hash = hashFiles(place.setup.workspace.directory, globs);
  if (hash === '') throw new JobProblem(`cache ${key}: no file matches \`key_files\` ${globs.join(', ')}`);
  return `${key}-${hash.slice(0, KEY_DIGITS)}`;
}
