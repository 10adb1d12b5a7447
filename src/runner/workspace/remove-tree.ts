import { lstatSync, readdirSync, rmdirSync, unlinkSync } from 'node:fs';
import { chmod, lstat, mkdir, readdir, rename, rmdir, unlink } from 'node:fs/promises';
import { basename, join } from 'node:path';

const AT_ONCE = 16;
const SMALL_ENTRIES_MAX = 32;

/**
 * Removes a folder with all that is in it. Links are removed, never followed; folders without permissions are opened first.
 * What still cannot be removed is moved to `quarantine` and returned by name there; null when all is gone.
 */
export async function removeTree(path: string, quarantine: string): Promise<string | null> {
  try {
    await removeEntry(path);
    return null;
  } catch {
    return moveAway(path, quarantine);
  }
}

async function moveAway(path: string, quarantine: string): Promise<string> {
  const target = join(quarantine, `${basename(path)}-${process.pid}-${process.hrtime.bigint()}`);
  try {
    await mkdir(quarantine, { recursive: true, mode: 0o700 });
    await rename(path, target);
    return target;
  } catch {
    return path;
  }
}

async function removeEntry(path: string): Promise<void> {
  const found = await lstat(path).catch(whenGone);
  if (!found) return;
  if (!found.isDirectory()) {
    await unlink(path).catch(whenGone);
    return;
  }
  // Entries can only be removed from a folder that its owner may read, write and enter.
  if ((found.mode & 0o700) !== 0o700) await chmod(path, 0o700).catch(whenGone);
  // Somebody else may be removing it too.
  const entries = (await readdir(path, { withFileTypes: true }).catch(whenGone)) ?? [];
  let next = 0;
  const removeAll = async (): Promise<void> => {
    while (next < entries.length) {
      const entry = entries[next++]!;
      const inner = join(path, entry.name);
      await (entry.isDirectory() ? removeEntry(inner) : unlink(inner).catch(whenGone));
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, entries.length) }, removeAll));
  await rmdir(path).catch(whenGone);
}

/**
 * Removes a folder at once when it holds a few files and nothing else, which is the usual small job; false otherwise.
 * Then some of it may be gone already. Links are removed, never followed; one in the place of the folder is left.
 */
export function removeSmall(path: string): boolean {
  try {
    // A job may have put a link in the place of its folder.
    if (!lstatSync(path).isDirectory()) return false;
    const entries = readdirSync(path, { withFileTypes: true });
    if (entries.length > SMALL_ENTRIES_MAX || entries.some((entry) => entry.isDirectory())) return false;
    for (const entry of entries) unlinkSync(join(path, entry.name));
    rmdirSync(path);
    return true;
  } catch {
    return false;
  }
}

function whenGone(error: NodeJS.ErrnoException): null {
  if (error.code === 'ENOENT') return null;
  throw error;
}
