import { chmodSync, linkSync, lstatSync, mkdirSync, readdirSync, rmSync, utimesSync } from 'node:fs';
import { dirname } from 'node:path';
import type { TreeEntry } from '../contract.ts';

type FileEntry = TreeEntry & { readonly kind: 'file' };

/**
 * All files here have this time: a write sets another, so that a file which somebody changed in spite of its permissions is
 * found by looking, thrown away and made anew. (1 January 2000; tools for archives refuse earlier ones.)
 */
const STAMP_SECONDS = 946_684_800;

/**
 * Read-only files by content and mode, apart from all blobs, to make hard links of: what happens to a linked file can reach
 * other links of it, and nothing else that is kept.
 */
export class LinkPool {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Links the file to `path` when the pool has it unchanged. */
  link(file: FileEntry, path: string): boolean {
    const pooled = this.#pathOf(file);
    const stats = lstatSync(pooled, { throwIfNoEntry: false });
    if (stats === undefined) return false;
    const isGood =
      stats.isFile() &&
      stats.size === file.size &&
      stats.mtimeMs === STAMP_SECONDS * 1000 &&
      (stats.mode & 0o7777) === readOnlyMode(file);
    if (isGood && linked(pooled, path)) return true;
    if (!isGood) rmSync(pooled, { recursive: true, force: true });
    return false;
  }

  /** Takes the new file at `path`, which has the content of `file`, into the pool; where it cannot be linked it stays a copy. */
  keep(file: FileEntry, path: string): void {
    chmodSync(path, readOnlyMode(file));
    utimesSync(path, STAMP_SECONDS, STAMP_SECONDS);
    const pooled = this.#pathOf(file);
    mkdirSync(dirname(pooled), { recursive: true, mode: 0o700 });
    linked(path, pooled);
  }

  /** Removes what no restored tree uses and was not linked since `beforeMs`. Returns the bytes that came free. */
  sweep(beforeMs: number): number {
    let bytes = 0;
    for (const folder of namesIn(this.#directory)) {
      for (const name of namesIn(`${this.#directory}/${folder}`)) {
        const path = `${this.#directory}/${folder}/${name}`;
        const stats = lstatSync(path, { throwIfNoEntry: false });
        // The change time is that of the last link made or removed.
        if (stats === undefined || stats.nlink > 1 || stats.ctimeMs >= beforeMs) continue;
        rmSync(path, { force: true });
        bytes += stats.size;
      }
    }
    return bytes;
  }

  #pathOf(file: FileEntry): string {
    const { digest } = file;
    return `${this.#directory}/${digest.slice(0, 2)}/${digest}-${readOnlyMode(file).toString(8)}`;
  }
}

function readOnlyMode(file: FileEntry): number {
  return file.mode & 0o555;
}

/** False where hard links do not reach: another file system, too many links of one file, or somebody else was first. */
function linked(existing: string, path: string): boolean {
  try {
    linkSync(existing, path);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EXDEV' || code === 'EMLINK' || code === 'EEXIST' || code === 'ENOENT' || code === 'EPERM')
      return false;
    throw error;
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
