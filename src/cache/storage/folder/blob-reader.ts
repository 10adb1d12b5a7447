import { closeSync, createReadStream } from 'node:fs';
import type { Digest } from '../../../base/digest.ts';
import { BlobDamageError } from '../../contract.ts';
import { decodeBlob } from '../blob-format.ts';
import { decodeStream } from '../blob-stream.ts';
import { ONE_PIECE_BYTES_MAX, PIECE_BYTES } from '../content.ts';
import { gather } from '../gather.ts';
import { checkDigest } from '../names.ts';
import { readWhole } from '../whole-file.ts';
import { codeOf } from './failure.ts';
import type { Layout } from './layout.ts';
import { openStored, putAside, type StoredFile } from './stored-file.ts';

/** Reads blobs of a folder and verifies them, without making them young. */
export class BlobReader {
  readonly #layout: Layout;
  readonly #turn: () => Promise<void> | undefined;

  /** `turn` is called before each piece of work that keeps the loop. */
  constructor(layout: Layout, turn: () => Promise<void> | undefined) {
    this.#layout = layout;
    this.#turn = turn;
  }

  /** As `BlobStore.open`. */
  async open(digest: Digest): Promise<AsyncIterable<Uint8Array> | null> {
    const stored = this.#find(digest);
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

  /** As `BlobStore.read`. */
  async read(digest: Digest): Promise<Uint8Array | null> {
    const stored = this.#find(digest);
    if (stored === null) return null;
    if (stored.size <= ONE_PIECE_BYTES_MAX) return this.#whole(stored, digest);
    closeSync(stored.file);
    return gather(this.#stream(digest));
  }

  #find(digest: Digest): StoredFile | null {
    checkDigest(digest);
    return openStored(this.#layout, digest);
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
