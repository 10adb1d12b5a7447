import { randomBytes } from 'node:crypto';
import { closeSync, existsSync, openSync, renameSync, rmSync, unlinkSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { diskSpace } from './space.ts';

/** What a few hundred commits of the journal take, with the file that they are written ahead to. */
const BALLAST_BYTES = 8 * 1024 * 1024;
/** Random, and longer than what a file system that compresses looks at in one piece. */
const BLOCK_BYTES = 1024 * 1024;

/**
 * A file that only takes room, so that on a full disk there is some to give back: SQLite can neither delete nor carry over on a
 * disk without a free block, so nothing could be freed through the journal itself.
 */
export class Ballast {
  readonly #path: string;
  readonly #bytes: number;

  /** `directory`: Sluice's data folder. `bytes`: its size; 8 MiB unless said. */
  constructor(directory: string, bytes = BALLAST_BYTES) {
    this.#path = join(directory, 'ballast');
    this.#bytes = bytes;
  }

  /** Gives the room back. False when there was nothing to give. */
  release(): boolean {
    try {
      unlinkSync(this.#path);
      return true;
    } catch {
      return false;
    }
  }

  /** Takes the room again when it was given back and `floorBytes` stay free besides. A disk that refuses has none. */
  restore(floorBytes: number): void {
    if (existsSync(this.#path)) return;
    const space = diskSpace(this.#path);
    if (space === null || space.freeBytes < floorBytes + this.#bytes) return;
    const partial = `${this.#path}.${process.pid}`;
    try {
      this.#write(partial);
      renameSync(partial, this.#path);
    } catch {
      rmSync(partial, { force: true });
    }
  }

  #write(path: string): void {
    const block = randomBytes(Math.min(BLOCK_BYTES, this.#bytes));
    const file = openSync(path, 'w', 0o600);
    try {
      for (let left = this.#bytes; left > 0; )
        left -= writeSync(file, block, 0, Math.min(left, block.length));
    } finally {
      closeSync(file);
    }
  }
}
