import { lstat, opendir } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * The bytes that everything below these folders takes on its disks, files with several names once. Links are not followed.
 * What goes or comes meanwhile may or may not be counted.
 */
export async function diskUsage(folders: readonly string[]): Promise<number> {
  const seen = new Set<string>();
  let bytes = 0;
  const pending = [...folders];
  for (let folder = pending.pop(); folder !== undefined; folder = pending.pop()) {
    const entries = await opendir(folder).catch(() => null);
    if (entries === null) continue;
    try {
      for await (const entry of entries) {
        const path = join(folder, entry.name);
        if (entry.isDirectory()) pending.push(path);
        const status = await lstat(path).catch(() => null);
        if (status === null) continue;
        if (status.nlink > 1 && !entry.isDirectory()) {
          const inode = `${status.dev}:${status.ino}`;
          if (seen.has(inode)) continue;
          seen.add(inode);
        }
        bytes += status.blocks * 512;
      }
    } catch {
      // The folder went while it was read.
    }
  }
  return bytes;
}
