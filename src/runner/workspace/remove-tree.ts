import { closeSync, constants, fchmodSync, openSync, readdirSync, rmdirSync, unlinkSync } from 'node:fs';
import { chmod, lstat, mkdir, readdir, rename, rmdir, unlink } from 'node:fs/promises';
import { basename, join } from 'node:path';

const AT_ONCE = 16;
const SMALL_ENTRIES_MAX = 64;

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
 * Removes a folder at once when there is little in it, which is the usual small job: each trip to the thread pool costs more.
 * False otherwise; then some of it may be gone already.
 */
export function removeSmall(path: string): boolean {
  try {
    return removeFew(path, { entries: SMALL_ENTRIES_MAX });
  } catch {
    return false; // A link in its place, for one.
  }
}

/**
 * A job may put a link to anything in the place of any folder, at any moment: so each is opened as itself, and what is in it is
 * named by what was opened. `left`: how much may still be removed.
 */
function removeFew(path: string, left: { entries: number }): boolean {
  const folder = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  try {
    const opened = `/proc/self/fd/${folder}`;
    const entries = readdirSync(opened, { withFileTypes: true });
    left.entries -= entries.length;
    if (left.entries < 0) return false;
    fchmodSync(folder, 0o700);
    for (const entry of entries) {
      const inner = `${opened}/${entry.name}`;
      if (!entry.isDirectory()) unlinkSync(inner);
      else if (!removeFew(inner, left)) return false;
    }
  } finally {
    closeSync(folder);
  }
  rmdirSync(path);
  return true;
}

function whenGone(error: NodeJS.ErrnoException): null {
  if (error.code === 'ENOENT') return null;
  throw error;
}
