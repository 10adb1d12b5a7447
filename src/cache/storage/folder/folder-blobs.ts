import { closeSync, createReadStream, rmSync } from 'node:fs';
import { readdir, rm, stat } from 'node:fs/promises';
import { type Digest, digestOf } from '../../../base/digest.ts';
import type { Clock } from '../../../base/port.ts';
import {
  type BlobContent,
  BlobDamageError,
  type BlobStore,
  type PutBlob,
  type StoredBlob,
} from '../../contract.ts';
import { decodeBlob, encodeBlob } from '../blob-format.ts';
import { decodeStream } from '../blob-stream.ts';
import { contentSource, ONE_PIECE_BYTES_MAX, PIECE_BYTES } from '../content.ts';
import { gather } from '../gather.ts';
import { checkDigest, isDigest } from '../names.ts';
import { takeTurns } from '../turn-taking.ts';
import { readWhole } from '../whole-file.ts';
import type { Committer } from './committer.ts';
import { codeOf, folderError } from './failure.ts';
import type { Layout } from './layout.ts';
import type { PartialFiles } from './partial-files.ts';
import { findStored, openStored, putAside, type StoredFile, touchFile } from './stored-file.ts';
import { writeStream } from './write-stream.ts';

/** Blobs in a folder. Small ones are handled synchronously, in turns with others. */
export class FolderBlobs implements BlobStore {
  readonly #layout: Layout;
  readonly #partials: PartialFiles;
  readonly #committer: Committer;
  readonly #clock: Clock;
  readonly #turn: () => Promise<void> | undefined;
  /** On their way to the disk: whoever stores the same content waits for the first one. */
  readonly #moving = new Map<Digest, Promise<void>>();

  constructor(layout: Layout, partials: PartialFiles, committer: Committer, clock: Clock) {
    this.#layout = layout;
    this.#partials = partials;
    this.#committer = committer;
    this.#clock = clock;
    this.#turn = takeTurns(clock);
  }

  async put(content: BlobContent): Promise<PutBlob> {
    const { blob, durable } = await this.#begin(content);
    await durable;
    return blob;
  }

  async putMany(contents: Iterable<BlobContent>): Promise<readonly PutBlob[]> {
    const begun: PutBlob[] = [];
    const moves: Promise<void>[] = [];
    try {
      for (const content of contents) {
        const { blob, durable } = await this.#begin(content);
        begun.push(blob);
        if (durable === undefined) continue;
        moves.push(durable);
        // It is waited for below; a rejection before that must not end the process.
        durable.catch(() => {});
      }
    } finally {
      await Promise.allSettled(moves);
    }
    await Promise.all(moves);
    return begun;
  }

  async open(digest: Digest): Promise<AsyncIterable<Uint8Array> | null> {
    checkDigest(digest);
    const stored = this.#open(digest);
    if (stored === null) return null;
    if (stored.size > ONE_PIECE_BYTES_MAX) {
      closeSync(stored.file);
      return this.#stream(digest);
    }
    const content = await this.#whole(stored, digest);
    return (async function* () {
      if (content.length > 0) yield content;
    })();
  }

  async read(digest: Digest): Promise<Uint8Array | null> {
    checkDigest(digest);
    const stored = this.#open(digest);
    if (stored === null) return null;
    if (stored.size <= ONE_PIECE_BYTES_MAX) return this.#whole(stored, digest);
    closeSync(stored.file);
    return gather(this.#stream(digest));
  }

  async has(digests: readonly Digest[]): Promise<ReadonlySet<Digest>> {
    const present = new Set<Digest>();
    for (const digest of digests) {
      checkDigest(digest);
      await this.#turn();
      if (this.#find(digest) !== null) present.add(digest);
    }
    return present;
  }

  async *list(): AsyncIterable<StoredBlob> {
    for (const folder of await namesIn(this.#layout.blobs)) {
      for (const digest of await namesIn(`${this.#layout.blobs}/${folder}`)) {
        if (!isDigest(digest)) continue;
        const found = await statOf(this.#layout.blob(digest));
        if (found !== null) yield { digest, storedBytes: found.size, usedAtMs: found.mtimeMs };
      }
    }
  }

  async remove(digest: Digest): Promise<void> {
    checkDigest(digest);
    await rm(this.#layout.blob(digest), { force: true });
  }

  /** Stores what is new; `durable` is when it is so, undefined when it was there. */
  async #begin(
    content: BlobContent,
  ): Promise<{ readonly blob: PutBlob; readonly durable: Promise<void> | undefined }> {
    try {
      await this.#turn();
      const source = contentSource(content);
      return 'bytes' in source ? this.#beginBytes(source.bytes) : await this.#beginStream(source.chunks);
    } catch (error) {
      throw folderError(error, this.#layout.directory);
    }
  }

  #beginBytes(bytes: Uint8Array): { readonly blob: PutBlob; readonly durable: Promise<void> | undefined } {
    const digest = digestOf(bytes);
    const known = this.#moving.get(digest);
    if (known !== undefined || this.#find(digest) !== null) {
      return { blob: { digest, size: bytes.length, addedBytes: 0 }, durable: known };
    }
    const pieces = encodeBlob(bytes);
    const addedBytes = pieces.reduce((sum, piece) => sum + piece.length, 0);
    const durable = this.#move(this.#partials.write(pieces), digest);
    return { blob: { digest, size: bytes.length, addedBytes }, durable };
  }

  async #beginStream(
    chunks: AsyncIterable<Uint8Array>,
  ): Promise<{ readonly blob: PutBlob; readonly durable: Promise<void> | undefined }> {
    const { path, digest, contentBytes, storedBytes } = await writeStream(this.#partials, chunks);
    const known = this.#moving.get(digest);
    if (known !== undefined || this.#find(digest) !== null) {
      rmSync(path, { force: true });
      return { blob: { digest, size: contentBytes, addedBytes: 0 }, durable: known };
    }
    const durable = this.#move(path, digest);
    return { blob: { digest, size: contentBytes, addedBytes: storedBytes }, durable };
  }

  #move(partial: string, digest: Digest): Promise<void> {
    const moved = this.#committer
      .move(partial, this.#layout.blob(digest))
      .finally(() => this.#moving.delete(digest));
    this.#moving.set(digest, moved);
    return moved;
  }

  #find(digest: Digest): number | null {
    return findStored(this.#layout, digest, this.#clock.now());
  }

  #open(digest: Digest): StoredFile | null {
    const stored = openStored(this.#layout, digest);
    if (stored !== null) touchFile(this.#layout.blob(digest), this.#clock.now());
    return stored;
  }

  async #whole({ file, size, inode }: StoredFile, digest: Digest): Promise<Uint8Array> {
    let content: Uint8Array | null;
    try {
      await this.#turn();
      content = decodeBlob(readWhole(file, size), digest);
    } catch (error) {
      if (codeOf(error) !== 'EIO') throw error;
      content = null;
    } finally {
      closeSync(file);
    }
    if (content === null) throw putAside(this.#layout, digest, inode);
    return content;
  }

  /** Opened when its first piece is asked for: an iterable that nobody reads keeps no file open. */
  async *#stream(digest: Digest): AsyncIterable<Uint8Array> {
    const stored = openStored(this.#layout, digest);
    if (stored === null) {
      throw new BlobDamageError(
        `The blob ${digest} in the folder ${this.#layout.directory} was removed before it was read.`,
        digest,
      );
    }
    const { file, size, inode } = stored;
    const damaged = async () => putAside(this.#layout, digest, inode);
    const pieces = createReadStream('', { fd: file, start: 0, highWaterMark: PIECE_BYTES });
    try {
      yield* decodeStream(pieces, size, digest, damaged);
    } catch (error) {
      throw codeOf(error) === 'EIO' ? await damaged() : error;
    } finally {
      pieces.destroy();
    }
  }
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return [];
    throw error;
  }
}

async function statOf(path: string): Promise<{ readonly size: number; readonly mtimeMs: number } | null> {
  try {
    return await stat(path);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null;
    throw error;
  }
}
