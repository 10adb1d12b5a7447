import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { refProblem } from '../../base/ref-name.ts';
import { callGit } from './git-call.ts';
import type { Pin } from './lock-file.ts';

/** Where an action lies on this machine. */
export type MirrorPlace =
  | { readonly kind: 'git'; readonly directory: string }
  /** Its files as they are, whatever the ref. */
  | { readonly kind: 'folder'; readonly directory: string };

/** What a ref means in a git repository. */
export interface Resolved {
  readonly commit: string;
  readonly kind: Exclude<Pin['kind'], 'folder'>;
}

/** The first of the folders that has the action: as `owner/name.git`, or as `owner/name`, a repository or plain files. */
export function findInMirrors(mirrors: readonly string[], repository: string): MirrorPlace | null {
  for (const mirror of mirrors) {
    for (const name of [
      `${repository}.git`,
      repository,
      `${repository.toLowerCase()}.git`,
      repository.toLowerCase(),
    ]) {
      const directory = join(mirror, name);
      // The owner of a mirror may have put a link there.
      if (!statSync(directory, { throwIfNoEntry: false })?.isDirectory()) continue;
      const isBare = existsSync(join(directory, 'HEAD')) && existsSync(join(directory, 'objects'));
      if (isBare || existsSync(join(directory, '.git'))) return { kind: 'git', directory };
      return { kind: 'folder', directory };
    }
  }
  return null;
}

/** The full names that a ref may have, the best first: tags before branches, as GitHub has it. None for what is no ref. */
export function fullNames(ref: string): readonly (readonly [string, Resolved['kind']])[] {
  if (ref === 'HEAD') return [['HEAD', 'branch']];
  if (/^[0-9a-f]{40,64}$/.test(ref)) return [[ref, 'commit']];
  // Git would take these for a way from one commit to another.
  if (refProblem(ref) !== null) return [];
  if (ref.startsWith('refs/')) return [[ref, ref.startsWith('refs/tags/') ? 'tag' : 'branch']];
  return [
    [`refs/tags/${ref}`, 'tag'],
    [`refs/heads/${ref}`, 'branch'],
  ];
}

/** null: there is no such ref. */
export async function resolveRef(directory: string, ref: string): Promise<Resolved | null> {
  const names = fullNames(ref);
  const remote = names
    .filter(([name]) => name.startsWith('refs/heads/'))
    .map(([name, kind]) => [name.replace('refs/heads/', 'refs/remotes/origin/'), kind] as const);
  for (const [name, kind] of [...names, ...remote]) {
    const commit = await commitOf(directory, name);
    if (commit !== null) return { commit, kind };
  }
  return null;
}

/** The full name of a commit that the repository has; null: it has none. */
export async function commitOf(directory: string, name: string): Promise<string | null> {
  const words = ['-C', directory, 'rev-parse', '--verify', '--quiet', '--end-of-options', `${name}^{commit}`];
  const { code, output } = await callGit(words);
  return code === 0 && /^[0-9a-f]{40,64}$/.test(output) ? output : null;
}

/** Writes the files of a commit into a folder, as they are in the repository: no filter, no line ends changed. Returns git's complaint, or null. */
export async function extract(
  directory: string,
  commit: string,
  folder: string,
  index: string,
): Promise<string | null> {
  const own = { GIT_INDEX_FILE: index, GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1' };
  // With the configuration that names trusted folders gone, the owner was asked for when the ref was resolved.
  const at = [
    '-c',
    `safe.directory=${directory}`,
    '-c',
    'core.autocrlf=false',
    '-C',
    directory,
    '--work-tree',
    folder,
  ];
  const read = await callGit([...at, 'read-tree', commit], own);
  if (read.code !== 0) return read.complaint;
  const out = await callGit([...at, 'checkout-index', '--all', '--force', `--prefix=${folder}/`], own);
  return out.code === 0 ? null : out.complaint;
}
