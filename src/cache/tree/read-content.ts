import { createHash, hash } from 'node:crypto';
import { closeSync, constants, openSync, readSync } from 'node:fs';
import type { Digest } from '../../base/digest.ts';
import { CHUNK_SIZES, chunkEnd } from './chunk.ts';
import type { Slices } from './slices.ts';
import { systemProblem } from './system-problem.ts';

/** Up to this size a content is one part; larger ones are cut into chunks. */
export const WHOLE_BYTES_MAX = 1024 * 1024;

/** Not followed when it is a link, and not waited for when it has become a FIFO meanwhile. */
const OPEN_FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

export interface Content {
  readonly digest: Digest;
  readonly size: number;
}

/** Most files fit in. A buffer for the largest would make a thousand small saves a thousand garbage collections. */
const SMALL_BYTES = 64 * 1024;

/** One for each pass: a buffer that is filled over and over, since a new one for each file costs more than its hash. */
export class ContentReader {
  #buffer = Buffer.allocUnsafe(SMALL_BYTES);

  /**
   * Reads a regular file and gives its parts in order: one for a small file, none for an empty one. `onPart` gets bytes that
   * are only good until it returns (or its promise resolves). Null: the file is gone. Errors are `TreeError`s that name `path`.
   */
  async read(
    absolute: string,
    path: string,
    slices: Slices,
    onPart: ((digest: Digest, bytes: Uint8Array) => Promise<void> | null) | null,
  ): Promise<Content | null> {
    let file: number;
    try {
      file = openSync(absolute, OPEN_FLAGS);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      // ELOOP: it has become a link since it was looked at, so that the file is gone.
      if (code === 'ENOENT' || code === 'ELOOP') return null;
      throw systemProblem(path, error);
    }
    try {
      let filled = readSync(file, this.#buffer, 0, Math.min(this.#buffer.length, WHOLE_BYTES_MAX + 1), null);
      if (filled === SMALL_BYTES) filled = this.#readOn(file, filled);
      if (filled > WHOLE_BYTES_MAX) return await this.#readLarge(file, filled, slices, onPart);
      const bytes = this.#buffer.subarray(0, filled);
      const digest = sha256(bytes);
      if (filled > 0) {
        const wait = onPart?.(digest, bytes);
        if (wait) await wait;
      }
      return { digest, size: filled };
    } catch (error) {
      throw systemProblem(path, error);
    } finally {
      closeSync(file);
    }
  }

  /** Reads on behind what the small buffer holds, which is the last that it is used for. */
  #readOn(file: number, filled: number): number {
    if (this.#buffer.length === SMALL_BYTES) {
      const larger = Buffer.allocUnsafe(4 * WHOLE_BYTES_MAX);
      this.#buffer.copy(larger);
      this.#buffer = larger;
    }
    return filled + readSync(file, this.#buffer, filled, WHOLE_BYTES_MAX + 1 - filled, null);
  }

  async #readLarge(
    file: number,
    begun: number,
    slices: Slices,
    onPart: ((digest: Digest, bytes: Uint8Array) => Promise<void> | null) | null,
  ): Promise<Content> {
    const whole = createHash('sha256');
    const buffer = this.#buffer;
    let filled = begun;
    let hashed = 0;
    let size = 0;
    for (let isAtEnd = false; !isAtEnd || filled > 0; ) {
      while (!isAtEnd && filled < buffer.length) {
        const count = readSync(file, buffer, filled, Math.min(buffer.length - filled, WHOLE_BYTES_MAX), null);
        if (count === 0) isAtEnd = true;
        filled += count;
        whole.update(buffer.subarray(hashed, filled));
        hashed = filled;
        if (slices.isOver()) await slices.next();
      }
      size += filled;
      let start = 0;
      while (start < filled && (isAtEnd || filled - start >= CHUNK_SIZES.max)) {
        const end = onPart === null ? filled : chunkEnd(buffer, start, filled, CHUNK_SIZES);
        const part = buffer.subarray(start, end);
        const wait = onPart?.(sha256(part), part);
        if (wait) await wait;
        if (slices.isOver()) await slices.next();
        start = end;
      }
      buffer.copyWithin(0, start, filled);
      filled -= start;
      size -= filled;
      hashed = filled;
    }
    return { digest: whole.digest('hex') as Digest, size };
  }
}

function sha256(bytes: Uint8Array): Digest {
  return hash('sha256', bytes, 'hex') as Digest;
}
