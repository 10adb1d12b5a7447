import { statfsSync } from 'node:fs';
import { dirname } from 'node:path';

/** How much of a disk is free for this user. */
export interface DiskSpace {
  readonly freeBytes: number;
  readonly totalBytes: number;
}

/** The disk that a path lies on, or would lie on; null when that cannot be told. */
export function diskSpace(path: string): DiskSpace | null {
  for (let folder = path; ; folder = dirname(folder)) {
    try {
      const { bavail, blocks, bsize } = statfsSync(folder);
      return { freeBytes: bavail * bsize, totalBytes: blocks * bsize };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || dirname(folder) === folder) return null;
    }
  }
}

/** So much is enough on every disk, unless the environment sets another floor. */
export const ROOMY_BYTES = 1024 ** 3;

/** Whether the disk of a path has so much left that nothing more need be asked. */
export function isRoomy(path: string): boolean {
  return (diskSpace(path)?.freeBytes ?? 0) >= ROOMY_BYTES;
}
