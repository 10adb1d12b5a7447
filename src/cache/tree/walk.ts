import { lstatSync, readdirSync, readlinkSync, type Stats } from 'node:fs';
import { TreeError } from '../contract.ts';
import { readSelection } from './selection.ts';
import type { Slices } from './slices.ts';
import { isStaging } from './staging.ts';
import { systemProblem } from './system-problem.ts';

/** What of `Stats` is looked at later. The rest, kept for 20,000 files, would be moved about by the garbage collector. */
export type FileState = Readonly<Pick<Stats, 'mode' | 'size' | 'mtimeMs' | 'ctimeMs' | 'ino'>>;

export type FoundEntry =
  | { readonly kind: 'file'; readonly path: string; readonly stats: FileState }
  | { readonly kind: 'folder'; readonly path: string; readonly stats: FileState }
  | { readonly kind: 'link'; readonly path: string; readonly target: string };

const TYPE_MASK = 0o170000;
const FILE = 0o100000;
const FOLDER = 0o040000;
const LINK = 0o120000;
const KEPT_TYPES = new Set([FILE, FOLDER, LINK]);

/**
 * What the selection names below the root, in ascending order of path. Links are told and never followed; what vanishes
 * meanwhile is not told. Throws a `TreeError` for what cannot be looked at, and for a socket, a device and a
 * FIFO, unless `leftOut` is there to take their paths.
 */
export async function walkTree(
  root: string,
  select: readonly string[],
  slices: Slices,
  leftOut: string[] | null = null,
): Promise<FoundEntry[]> {
  const selection = readSelection(select);
  const found: FoundEntry[] = [];
  const open = [openFolder(root, '', selection.names(''))];
  for (let folder = open.at(-1); folder !== undefined; folder = open.at(-1)) {
    const name = folder.names[folder.next++];
    if (name === undefined) {
      open.pop();
      continue;
    }
    const path = folder.path === '' ? name : `${folder.path}/${name}`;
    if (selection.leavesOut(path) || isStaging(name)) continue;
    const isInside = folder.isInside || selection.names(path);
    if (!isInside && !selection.mayHold(path)) continue;
    const absolute = `${root}/${path}`;
    const stats = look(absolute, path);
    if (stats === null) continue;
    const type = stats.mode & TYPE_MASK;
    if (isInside) {
      if (leftOut !== null && !KEPT_TYPES.has(type)) leftOut.push(path);
      else found.push(entryOf(absolute, path, type, stats));
    }
    if (type === FOLDER) open.push(openFolder(absolute, path, isInside));
    if (slices.isOver()) await slices.next();
  }
  // Nearly in order already, but for `a-b`, which comes before `a/c`.
  return found.sort((a, b) => (a.path < b.path ? -1 : 1));
}

interface OpenFolder {
  readonly path: string;
  readonly isInside: boolean;
  readonly names: readonly string[];
  next: number;
}

function openFolder(absolute: string, path: string, isInside: boolean): OpenFolder {
  return { path, isInside, names: namesIn(absolute, path).sort(), next: 0 };
}

function namesIn(absolute: string, path: string): string[] {
  try {
    return readdirSync(absolute);
  } catch (error) {
    // A folder that went away while we walked is not there; only the root must be.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT' && path !== '') return [];
    throw systemProblem(path || '.', error);
  }
}

function look(absolute: string, path: string): Stats | null {
  try {
    const stats = lstatSync(absolute, { throwIfNoEntry: false });
    if (stats !== undefined) return stats;
  } catch (error) {
    throw systemProblem(path, error);
  }
  // Node decodes names as UTF-8; what is none cannot be found again under what it made of it.
  if (path.includes('\ufffd')) throw new TreeError(path, 'its name is not valid UTF-8');
  return null;
}

function entryOf(absolute: string, path: string, type: number, stats: Stats): FoundEntry {
  if (type === FILE) return { kind: 'file', path, stats: stateOf(stats) };
  if (type === FOLDER) return { kind: 'folder', path, stats: stateOf(stats) };
  if (type !== LINK)
    throw new TreeError(path, 'it is a socket, a device or a FIFO; only files, folders and links are kept');
  const target = readTarget(absolute, path);
  // Node decodes targets as UTF-8 too; what is none could not be made again.
  if (target.includes('\ufffd'))
    throw new TreeError(path, 'the link points to a name that is not valid UTF-8');
  return { kind: 'link', path, target };
}

function stateOf({ mode, size, mtimeMs, ctimeMs, ino }: Stats): FileState {
  return { mode, size, mtimeMs, ctimeMs, ino };
}

function readTarget(absolute: string, path: string): string {
  try {
    return readlinkSync(absolute);
  } catch (error) {
    throw systemProblem(path, error);
  }
}
