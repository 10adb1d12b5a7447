import {
  chmodSync,
  closeSync,
  constants,
  fchmodSync,
  ftruncateSync,
  futimesSync,
  mkdirSync,
  openSync,
  realpathSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeSync,
} from 'node:fs';
import type { Random } from '../../base/port.ts';
import {
  type BlobStore,
  type RestoredTree,
  type TreeEntry,
  TreeError,
  type TreeManifest,
  type TreeRestore,
} from '../contract.ts';
import { checkLinks } from './link.ts';
import { parentOf } from './manifest.ts';
import { moveIntoPlace } from './move.ts';
import { eachPack } from './pack-reader.ts';
import type { Slices } from './slices.ts';
import { makeStaging, removeTree } from './staging.ts';
import { systemProblem } from './system-problem.ts';

export interface RestoreTools {
  readonly blobs: BlobStore;
  readonly random: Random;
  readonly slices: Slices;
}

type FileEntry = TreeEntry & { readonly kind: 'file' };

const CREATE_FLAGS = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;

/**
 * Brings a tree back: first whole into a staging folder in the target, and when all contents are there and proven, by renaming
 * into place. So a failure before that leaves the target as it was, and a kill at any instant leaves no half file under its
 * name; the staging folder of a killed process is removed by the next restore.
 */
export async function restoreTree(
  manifest: TreeManifest,
  target: string,
  options: TreeRestore,
  tools: RestoreTools,
): Promise<RestoredTree> {
  const entries = chosen(manifest.entries, options.only ?? null);
  if (options.links !== 'any') checkLinks(entries);
  const files = entries.filter((entry) => entry.kind === 'file');
  const root = openTarget(target);
  const staging = prepared(() => makeStaging(root, tools.random));
  try {
    const fresh = `${staging}/new`;
    // What the system takes off the modes of new files, learnt without touching the process's own setting.
    prepared(() => mkdirSync(fresh, { mode: 0o777 }));
    const place: Place = { fresh, umask: 0o777 & ~statSync(fresh).mode };
    await makeFolders(entries, place, tools.slices);
    await writeFiles(files, manifest, place, tools);
    for (const entry of entries)
      if (entry.kind === 'link')
        guarded(entry.path, () => symlinkSync(entry.target, `${fresh}/${entry.path}`));
    await moveIntoPlace(
      { root, staging, entries, only: options.only ?? null, exact: options.exact ?? false },
      tools.slices,
    );
  } finally {
    removeTree(staging);
  }
  return { files: files.length, bytes: files.reduce((sum, { size }) => sum + size, 0) };
}

interface Place {
  readonly fresh: string;
  readonly umask: number;
}

function chosen(entries: readonly TreeEntry[], only: readonly string[] | null): readonly TreeEntry[] {
  if (only === null) return entries;
  for (const path of only)
    if (path !== '' && !entries.some((entry) => entry.path === path || entry.path.startsWith(`${path}/`)))
      throw new TreeError(path, 'it is not in the tree');
  return entries.filter(({ path }) =>
    only.some((one) => one === '' || path === one || path.startsWith(`${one}/`)),
  );
}

function openTarget(target: string): string {
  return prepared(() => {
    mkdirSync(target, { recursive: true });
    return realpathSync(target);
  });
}

function prepared<T>(act: () => T): T {
  return guarded('.', act);
}

function guarded<T>(path: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    throw systemProblem(path, error);
  }
}

/** Folders of the tree, and those that entries are in and that the tree does not name. */
async function makeFolders(entries: readonly TreeEntry[], place: Place, slices: Slices): Promise<void> {
  const made = new Set(['']);
  const make = (path: string, mode: number) => {
    const missing = [];
    for (let parent = parentOf(path); !made.has(parent); parent = parentOf(parent)) missing.push(parent);
    for (const folder of missing.reverse()) {
      mkdirSync(`${place.fresh}/${folder}`, 0o777);
      made.add(folder);
    }
    if (!made.has(path)) mkdirSync(`${place.fresh}/${path}`, mode);
    made.add(path);
  };
  for (const entry of entries) {
    // Writable for now; the modes of all folders are set when they are in place.
    if (entry.kind === 'folder') guarded(entry.path, () => make(entry.path, entry.mode | 0o700));
    else guarded(entry.path, () => make(parentOf(entry.path), 0o777));
    if (slices.isOver()) await slices.next();
  }
}

async function writeFiles(
  files: readonly FileEntry[],
  manifest: TreeManifest,
  { fresh, umask }: Place,
  { blobs, slices }: Pick<RestoreTools, 'blobs' | 'slices'>,
): Promise<void> {
  const others = files.filter(({ pieces }) => pieces.length !== 1);
  for (const file of others) {
    guarded(file.path, () => createLarge(`${fresh}/${file.path}`, file.size));
    if (slices.isOver()) await slices.next();
  }
  await eachPack(files, manifest.packs, blobs, async (bytes, parts) => {
    for (const { file, at, offset, size } of parts) {
      const content = bytes.subarray(offset, offset + size);
      guarded(file.path, () => {
        if (file.pieces.length === 1) writeWhole(`${fresh}/${file.path}`, file, content, umask);
        else writePart(`${fresh}/${file.path}`, content, at);
      });
      if (slices.isOver()) await slices.next();
    }
  });
  for (const file of others) {
    const path = `${fresh}/${file.path}`;
    guarded(file.path, () => {
      chmodSync(path, file.mode);
      utimesSync(path, file.mtimeMs / 1000, file.mtimeMs / 1000);
    });
  }
}

/** Writes a new file of one part with its mode and time. */
function writeWhole(path: string, entry: FileEntry, content: Uint8Array, umask: number): void {
  const file = openSync(path, CREATE_FLAGS, entry.mode);
  try {
    writeAll(file, content, 0);
    if ((entry.mode & umask) !== 0) fchmodSync(file, entry.mode);
    futimesSync(file, entry.mtimeMs / 1000, entry.mtimeMs / 1000);
  } finally {
    closeSync(file);
  }
}

/** An empty file, or one of many parts at its full size: the parts come in the order of the packs. */
function createLarge(path: string, size: number): void {
  const file = openSync(path, CREATE_FLAGS, 0o600);
  try {
    if (size > 0) ftruncateSync(file, size);
  } finally {
    closeSync(file);
  }
}

function writePart(path: string, content: Uint8Array, at: number): void {
  const file = openSync(path, constants.O_WRONLY | constants.O_NOFOLLOW);
  try {
    writeAll(file, content, at);
  } finally {
    closeSync(file);
  }
}

function writeAll(file: number, content: Uint8Array, at: number): void {
  for (let done = 0; done < content.length; )
    done += writeSync(file, content, done, content.length - done, at + done);
}
