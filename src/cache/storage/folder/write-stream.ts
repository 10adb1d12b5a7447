import { createHash } from 'node:crypto';
import { closeSync, rmSync } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { createZstdCompress } from 'node:zlib';
import type { Digest } from '../../../base/digest.ts';
import { HEADER_BYTES, isCompressible, writeHeader, ZSTD } from '../blob-format.ts';
import { type PartialFiles, writeAll } from './partial-files.ts';

export interface WrittenStream {
  readonly path: string;
  readonly digest: Digest;
  readonly contentBytes: number;
  readonly storedBytes: number;
}

/** How much of a stream is looked at to decide whether compressing pays. */
const SAMPLE_BYTES = 256 * 1024;

/** Writes a content of unknown length in its stored form to a partial file. Leaves nothing when it rejects. */
export async function writeStream(
  partials: PartialFiles,
  chunks: AsyncIterable<Uint8Array>,
): Promise<WrittenStream> {
  const { path, file } = partials.create();
  try {
    const hash = createHash('sha256');
    let contentBytes = 0;
    let payloadBytes = 0;
    const write = async (source: AsyncIterable<Uint8Array>) => {
      for await (const piece of source) {
        writeAll(file, piece, HEADER_BYTES + payloadBytes);
        payloadBytes += piece.length;
      }
    };
    const { sample, all } = await peek(chunks);
    const hashed = async function* () {
      for await (const chunk of all) {
        hash.update(chunk);
        contentBytes += chunk.length;
        yield chunk;
      }
    };
    const compressed = isCompressible(sample);
    if (compressed) await pipeline(hashed, createZstdCompress(ZSTD), write);
    else await write(hashed());
    writeAll(file, writeHeader({ compressed, contentBytes, payloadBytes }), 0);
    const digest = hash.digest('hex') as Digest;
    partials.finish(file);
    return { path, digest, contentBytes, storedBytes: HEADER_BYTES + payloadBytes };
  } catch (error) {
    closeSync(file);
    rmSync(path, { force: true });
    throw error;
  }
}

/** The beginning of a stream, and all of it. */
async function peek(
  chunks: AsyncIterable<Uint8Array>,
): Promise<{ readonly sample: Uint8Array; readonly all: AsyncIterable<Uint8Array> }> {
  const source = chunks[Symbol.asyncIterator]();
  const first: Uint8Array[] = [];
  let length = 0;
  let ended = false;
  while (length < SAMPLE_BYTES && !ended) {
    const { done, value } = await source.next();
    if (done) ended = true;
    else {
      // A source may use its buffer again.
      first.push(Uint8Array.from(value));
      length += value.length;
    }
  }
  const all = (async function* () {
    yield* first;
    try {
      while (!ended) {
        const { done, value } = await source.next();
        if (done) ended = true;
        else yield value;
      }
    } finally {
      if (!ended) await source.return?.();
    }
  })();
  return { sample: Buffer.concat(first), all };
}
