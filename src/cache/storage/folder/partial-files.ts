import { closeSync, futimesSync, mkdirSync, openSync, rmdirSync, rmSync, writeSync } from 'node:fs';
import type { Clock } from '../../../base/port.ts';
import { codeOf } from './failure.ts';
import { type Layout, ownerFolder, type ProcessOwners } from './layout.ts';

/** Files that this process is writing. They lie in a folder with its name, so that others can tell when nobody will finish them. */
export class PartialFiles {
  readonly #folder: string;
  #count = 0;

  readonly #clock: Clock;

  constructor(layout: Layout, owners: ProcessOwners, clock: Clock) {
    this.#clock = clock;
    this.#folder = `${layout.partial}/${ownerFolder(owners.self)}`;
  }

  /** A new file of these pieces; returns its path. Leaves nothing when it throws. */
  write(pieces: readonly Uint8Array[]): string {
    const { path, file } = this.create();
    try {
      for (const piece of pieces) writeAll(file, piece);
    } catch (error) {
      closeSync(file);
      rmSync(path, { force: true });
      throw error;
    }
    this.finish(file);
    return path;
  }

  /** Ends a file that is complete: its time says when it was used. */
  finish(file: number): void {
    const nowSeconds = this.#clock.now() / 1000;
    futimesSync(file, nowSeconds, nowSeconds);
    closeSync(file);
  }

  /** A new empty file, open for reading and writing. */
  create(): { readonly path: string; readonly file: number } {
    for (;;) {
      this.#count += 1;
      const path = `${this.#folder}/${this.#count}`;
      try {
        return { path, file: openSync(path, 'wx+', 0o600) };
      } catch (error) {
        // Another storage of this process on the same folder took the number, or nothing was written here yet.
        if (codeOf(error) === 'EEXIST') continue;
        if (codeOf(error) !== 'ENOENT') throw error;
        mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
      }
    }
  }

  close(): void {
    try {
      rmdirSync(this.#folder);
    } catch (error) {
      // ENOTEMPTY: another storage of this process is still writing.
      if (codeOf(error) !== 'ENOENT' && codeOf(error) !== 'ENOTEMPTY') throw error;
    }
  }
}

/** A short write says that the disk is nearly full; the next one says that it is. */
export function writeAll(file: number, bytes: Uint8Array, position: number | null = null): void {
  for (let written = 0; written < bytes.length; ) {
    const at = position === null ? null : position + written;
    written += writeSync(file, bytes, written, bytes.length - written, at);
  }
}
