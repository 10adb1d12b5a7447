import { homedir } from 'node:os';
import { isAbsolute, join, relative, resolve } from 'node:path';
import { formatBytes } from '../../../base/size.ts';
import { cacheScope } from '../../cache-scope.ts';
import { reasonOf } from '../../keep-place.ts';
import { KeepProblem } from '../../problem.ts';
import type { ActionRun } from '../action-run.ts';
import { declared, isTrue, linesOf, type NativePart, warn } from './native-part.ts';

/* The caches of GitHub's actions are the directory caches of Sluice, under the same keys. */

const COMMON = { path: '', key: '', enableCrossOsArchive: 'false', 'upload-chunk-size': '' };
const RESTORING = { 'restore-keys': '', 'fail-on-cache-miss': 'false', 'lookup-only': 'false' };

/** Restores, and saves at the end of the job when there was nothing under exactly this key. */
export const CACHE = {
  inputs: declared({ ...COMMON, ...RESTORING, 'save-always': 'false' }),
  async perform(part: NativePart) {
    const { run, inputs } = part;
    const { outputs, paths, isExact } = await restore(part);
    if (!isExact && paths.length > 0) {
      const source = isTrue(inputs['save-always']) ? 'always()' : 'success()';
      run.tally.posts.push({
        key: part.place.environment.GITHUB_ACTION!,
        name: 'actions/cache',
        if: { source, place: run.step.place },
        work: { kind: 'save-cache', key: inputs.key!, paths },
        state: {},
      });
    }
    return { 'cache-hit': outputs['cache-hit'] };
  },
};

export const CACHE_RESTORE = {
  inputs: declared({ ...COMMON, ...RESTORING }),
  perform: async (part: NativePart) => (await restore(part)).outputs,
};

export const CACHE_SAVE = {
  inputs: declared(COMMON),
  async perform(part: NativePart) {
    const { paths } = pathsInside(part);
    if (paths.length > 0) await saveKept(part.run, keyOf(part), paths);
    return {};
  },
};

async function restore(part: NativePart) {
  const { run, inputs } = part;
  const { options, setup, state } = run.place;
  const key = keyOf(part);
  const { paths } = pathsInside(part);
  const restoreKeys = linesOf(inputs['restore-keys']);
  const scope = cacheScope(state.message.source, state.message.trust, state.message.contexts.event.payload);
  const startedMs = options.clock.monotonic();
  const request = { scope, key, restoreKeys, paths, root: setup.workspace.directory };
  let hit = null;
  let sentence: string;
  try {
    hit = paths.length === 0 ? null : await (await options.rooms.caches()).restore(request);
    sentence =
      hit === null
        ? `cache ${key}: nothing under this key${restoreKeys.length > 0 ? ' and its restore keys' : ''} yet`
        : `cache ${key}: restored ${formatBytes(hit.bytes)}${hit.exact ? '' : ` of ${hit.key}`}`;
  } catch (error) {
    sentence = `cache ${key}: not restored: ${reasonOf(error)}`;
    run.tally.warnings.push(sentence);
  }
  run.say(sentence);
  const tookMs = Math.round(options.clock.monotonic() - startedMs);
  state.extras.caches.push({
    key,
    action: hit ? 'restored' : 'missed',
    sentence,
    bytes: hit?.bytes ?? 0,
    tookMs,
    savedMs: hit ? Math.max(0, hit.madeInMs - tookMs) : 0,
  });
  const isExact = hit?.exact ?? false;
  if (!hit && isTrue(inputs['fail-on-cache-miss']))
    throw new KeepProblem(`${sentence}, and the step wants one`);
  return {
    paths,
    isExact,
    outputs: {
      'cache-hit': hit ? String(isExact) : '',
      'cache-primary-key': key,
      'cache-matched-key': hit?.key ?? '',
    },
  };
}

/** Saves paths of the workspace. What goes wrong with it is a warning: without a cache a job is slower, not wrong. */
export async function saveKept(run: ActionRun, key: string, paths: readonly string[]): Promise<void> {
  const { options, setup, state } = run.place;
  const { source, trust, contexts } = state.message;
  const scope = cacheScope(source, trust, contexts.event.payload);
  const startedMs = options.clock.monotonic();
  const tell = (action: 'saved' | 'not-saved', sentence: string, bytes: number): void => {
    const tookMs = Math.round(options.clock.monotonic() - startedMs);
    run.say(sentence);
    state.extras.caches.push({ key, action, sentence, bytes, tookMs, savedMs: 0 });
  };
  try {
    const caches = await options.rooms.caches();
    const madeInMs = Math.round(startedMs - setup.startedMs);
    const root = setup.workspace.directory;
    const { saved, storedBytes } = await caches.save({ scope, key, paths, root, madeInMs });
    const what = saved ? `saved, ${formatBytes(storedBytes)} new` : 'its content is kept already';
    tell(saved ? 'saved' : 'not-saved', `cache ${key}: ${what}`, storedBytes);
  } catch (error) {
    const sentence = `cache ${key}: not saved: ${reasonOf(error)}`;
    run.tally.warnings.push(sentence);
    tell('not-saved', sentence, 0);
  }
}

function keyOf({ inputs }: NativePart): string {
  const key = inputs.key!.trim();
  if (key === '') throw new KeepProblem('the cache has no `key`');
  if (key.includes(',')) throw new KeepProblem(`the cache key ${key} holds a comma, which no key may`);
  return key;
}

/** Paths of the workspace, relative to it. What lies elsewhere stays on this machine by itself. */
function pathsInside(part: NativePart): { readonly paths: string[] } {
  const { place, inputs, run } = part;
  const given = linesOf(inputs.path);
  if (given.length === 0) throw new KeepProblem('the cache has no `path`');
  const workspace = place.directory;
  const home = place.environment.HOME ?? homedir();
  const paths: string[] = [];
  for (const line of given) {
    const isLeftOut = line.startsWith('!');
    const text = isLeftOut ? line.slice(1) : line;
    const path = resolve(workspace, text.replace(/^~(?=\/|$)/, home));
    const inside = relative(workspace, path);
    if (inside === '..' || inside.startsWith('../') || isAbsolute(inside)) {
      if (!isLeftOut) run.say(`${text} lies outside of the workspace: it is left as it is on this machine`);
    } else paths.push(`${isLeftOut ? '!' : ''}${inside === '' ? '.' : join(inside)}`);
  }
  if (paths.every((path) => path.startsWith('!'))) {
    warn(
      part,
      `cache ${inputs.key}: none of its paths lies in the workspace, so nothing is restored or saved`,
    );
    return { paths: [] };
  }
  return { paths };
}
