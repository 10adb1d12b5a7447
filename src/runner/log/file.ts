import { closeSync, fstatSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * A file that only grows, made at its first byte. Writes are synchronous: they go to the page cache in some 30 us for
 * 64 KiB, which is less than a trip through the thread pool costs, and keep the order without a queue.
 */
export class GrowingFile {
  readonly #path: string;
  #descriptor: number | null = null;

  constructor(path: string) {
    this.#path = path;
  }

  /** Throws what the file system says: no space, no permission. */
  append(bytes: Uint8Array): void {
    this.#descriptor ??= openForAppend(this.#path);
    let from = 0;
    while (from < bytes.length) from += writeSync(this.#descriptor, bytes, from);
  }

  /** Bytes that are already there; 0 when there is no file. */
  existingBytes(): number {
    this.#descriptor ??= openForAppend(this.#path);
    return fstatSync(this.#descriptor).size;
  }

  /** Frees the descriptor; a later append opens the file again. */
  close(): void {
    if (this.#descriptor !== null) closeSync(this.#descriptor);
    this.#descriptor = null;
  }
}

function openForAppend(path: string): number {
  try {
    return openSync(path, 'a', 0o600);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    return openSync(path, 'a', 0o600);
  }
}
