import { chmodSync, constants, copyFileSync, lstatSync, mkdirSync, symlinkSync } from 'node:fs';
import { chmod, copyFile, lstat, mkdir, symlink } from 'node:fs/promises';
import type { Entry, SourceList } from './entry.ts';

/** Trees of this size are copied in one go: each trip to the thread pool costs more than a small copy. */
const SYNC_ENTRIES_MAX = 64;
const SYNC_BYTES_MAX = 1024 * 1024;
const COPIES_AT_ONCE = 16;

/**
 * Copies the listed files into an existing, empty folder, with their modes and links. Returns the files that are no longer
 * what the list says (gone, or of another size or time), each copied as it is now.
 */
export async function copyTree(list: SourceList, to: string): Promise<string[]> {
  if (list.entries.length <= SYNC_ENTRIES_MAX && list.bytes <= SYNC_BYTES_MAX) return copySmall(list, to);
  for (const folder of list.folders) await mkdir(`${to}/${folder}`);
  const changed: string[] = [];
  let next = 0;
  const copyAll = async (): Promise<void> => {
    while (next < list.entries.length) {
      const entry = list.entries[next++]!;
      if (!(await copyOne(list.root, entry, to))) changed.push(entry.path);
    }
  };
  await Promise.all(Array.from({ length: COPIES_AT_ONCE }, copyAll));
  return changed;
}

async function copyOne(root: string, entry: Entry, to: string): Promise<boolean> {
  const target = `${to}/${entry.path}`;
  try {
    if (entry.kind === 'link') {
      await symlink(entry.target, target);
      return true;
    }
    const source = `${root}/${entry.path}`;
    // Looked at before and again after the copy would be surer; one look finds what matters: changed since the list.
    const now = await lstat(source);
    if (!now.isFile()) return false;
    await copyFile(source, target, constants.COPYFILE_FICLONE);
    if (now.mode & 0o7000) await chmod(target, entry.mode);
    return isAsListed(entry, now);
  } catch (error) {
    return toleratedAsGone(error);
  }
}

function copySmall(list: SourceList, to: string): string[] {
  for (const folder of list.folders) mkdirSync(`${to}/${folder}`);
  const changed: string[] = [];
  for (const entry of list.entries) if (!copyOneSmall(list.root, entry, to)) changed.push(entry.path);
  return changed;
}

function copyOneSmall(root: string, entry: Entry, to: string): boolean {
  const target = `${to}/${entry.path}`;
  try {
    if (entry.kind === 'link') {
      symlinkSync(entry.target, target);
      return true;
    }
    const source = `${root}/${entry.path}`;
    const now = lstatSync(source);
    if (!now.isFile()) return false;
    copyFileSync(source, target, constants.COPYFILE_FICLONE);
    if (now.mode & 0o7000) chmodSync(target, entry.mode);
    return isAsListed(entry, now);
  } catch (error) {
    return toleratedAsGone(error);
  }
}

function isAsListed(entry: Entry, now: { readonly size: number; readonly mtimeMs: number }): boolean {
  return now.size === entry.bytes && now.mtimeMs === entry.modifiedMs;
}

/** A file that vanished since the list was made is a change to be named; anything else is an error. */
function toleratedAsGone(error: unknown): false {
  if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
  throw error;
}
