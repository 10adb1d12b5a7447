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
