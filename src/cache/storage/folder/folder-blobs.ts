import { rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { type Digest, digestOf } from '../../../base/digest.ts';
import type { Clock } from '../../../base/port.ts';
import type { BlobContent, BlobStore, PutBlob, StoredBlob } from '../../contract.ts';
import { encodeBlob } from '../blob-format.ts';
import { contentSource } from '../content.ts';
import { checkDigest, isDigest } from '../names.ts';
import { takeTurns } from '../turn-taking.ts';
import { BlobReader } from './blob-reader.ts';
import type { Committer } from './committer.ts';
import { folderError } from './failure.ts';
import type { Layout } from './layout.ts';
import { listStored } from './list-stored.ts';
import type { PartialFiles } from './partial-files.ts';
import { findStored, touchFile } from './stored-file.ts';
import { writeStream } from './write-stream.ts';

/** Blobs in a folder. Small ones are handled synchronously, in turns with others. */
export class FolderBlobs implements BlobStore {
  readonly #layout: Layout;
  readonly #partials: PartialFiles;
  readonly #committer: Committer;
  readonly #clock: Clock;
  readonly #reader: BlobReader;
  readonly #turn: () => Promise<void> | undefined;
  /** On their way to the disk: whoever stores the same content waits for the first one. */
  readonly #moving = new Map<Digest, Promise<void>>();

  constructor(layout: Layout, partials: PartialFiles, committer: Committer, clock: Clock) {
    this.#layout = layout;
    this.#partials = partials;
    this.#committer = committer;
    this.#clock = clock;
    this.#turn = takeTurns(clock);
    this.#reader = new BlobReader(layout, this.#turn);
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

  open(digest: Digest): Promise<AsyncIterable<Uint8Array> | null> {
    this.#use(digest);
    return this.#reader.open(digest);
  }

  read(digest: Digest): Promise<Uint8Array | null> {
    this.#use(digest);
    return this.#reader.read(digest);
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

  list(): AsyncIterable<StoredBlob> {
    return listStored(this.#layout);
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

  #use(digest: Digest): void {
    if (isDigest(digest)) touchFile(this.#layout.blob(digest), this.#clock.now());
  }
}
