import { chmodSync, mkdirSync, readdirSync, renameSync, statSync } from 'node:fs';
import type { TreeEntry } from '../contract.ts';
import type { Slices } from './slices.ts';
import { isStaging } from './staging.ts';
import { systemProblem } from './system-problem.ts';

export interface Move {
  /** The real path of the target. */
  readonly root: string;
  /** In the root; `new` in it holds the tree. */
  readonly staging: string;
  readonly entries: readonly TreeEntry[];
  readonly only: readonly string[] | null;
  readonly exact: boolean;
}

/**
 * Renames a staged tree into its target: a folder that is not there yet in one go, others entry by entry. What stands in the
 * way is put into the staging folder, which is removed afterwards. At last the folders get their modes, the inner ones
 * first, since a folder may be one that cannot be written.
 */
export async function moveIntoPlace(move: Move, slices: Slices): Promise<void> {
  const old = `${move.staging}/old`;
  mkdirSync(old);
  const merged = new Set<string>();
  const folders = [''];
  let asideCount = 0;
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    const from = at(`${move.staging}/new`, folder);
    const to = at(move.root, folder);
    const present = kindsIn(to);
    const staged = kindsIn(from);
    merged.add(folder);
    for (const [name, isFolder] of staged) {
      const path = at(folder, name);
      try {
        const isFolderThere = present.get(name);
        if (isFolder && isFolderThere) folders.push(path);
        else {
          // A file is renamed over a file: there is no instant at which it is not there.
          if (isFolderThere !== undefined && (isFolder || isFolderThere))
            putAside(`${to}/${name}`, `${old}/${asideCount++}`);
          renameSync(`${from}/${name}`, `${to}/${name}`);
        }
      } catch (error) {
        throw systemProblem(path, error);
      }
      if (slices.isOver()) await slices.next();
    }
    if (move.exact && isExact(folder, move.only))
      for (const name of present.keys())
        if (!staged.has(name) && !isStaging(name)) putAside(`${to}/${name}`, `${old}/${asideCount++}`);
  }
  setModes(move, merged);
}

function at(folder: string, name: string): string {
  if (name === '') return folder;
  return folder === '' ? name : `${folder}/${name}`;
}

/** Name to whether it is a folder (a link to one is not). */
function kindsIn(folder: string): Map<string, boolean> {
  // The folder was listed as one a moment ago and is listed here without following links above it being new: the tree's
  // folders are merged from the top, each found to be a folder itself.
  return new Map(
    readdirSync(folder, { withFileTypes: true }).map((entry) => [entry.name, entry.isDirectory()]),
  );
}

function putAside(path: string, aside: string): void {
  try {
    renameSync(path, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EACCES') throw error;
    // Moving a folder changes its `..`, so it must be writable.
    chmodSync(path, 0o700);
    renameSync(path, aside);
  }
}

/** Whether what is in the folder and not in the tree goes: everywhere, or below what was chosen. */
function isExact(folder: string, only: readonly string[] | null): boolean {
  return (
    only === null || only.some((path) => path === '' || folder === path || folder.startsWith(`${path}/`))
  );
}

function setModes({ root, entries }: Move, merged: ReadonlySet<string>): void {
  for (const entry of entries.toReversed()) {
    if (entry.kind !== 'folder') continue;
    const path = at(root, entry.path);
    try {
      if (merged.has(entry.path) || (statSync(path).mode & 0o777) !== entry.mode) chmodSync(path, entry.mode);
    } catch (error) {
      throw systemProblem(entry.path, error);
    }
  }
}
