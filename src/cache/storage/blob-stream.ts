import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { createZstdDecompress } from 'node:zlib';
import type { Digest } from '../../base/digest.ts';
import { HEADER_BYTES, readHeader } from './blob-format.ts';

/**
 * The content of a stored blob that comes in pieces, with the last piece only when all of it was right. Throws what `damaged`
 * makes when it was not. `storedBytes` is how much there is to come.
 */
export async function* decodeStream(
  stored: AsyncIterable<Uint8Array>,
  storedBytes: number,
  digest: Digest,
  damaged: () => Promise<Error>,
): AsyncIterable<Uint8Array> {
  const source = stored[Symbol.asyncIterator]();
  try {
    const { head, rest } = await takeHeader(source);
    const header = readHeader(head, storedBytes);
    if (header === null) throw await damaged();
    const hash = createHash('sha256');
    let last: Uint8Array | null = null;
    let contentBytes = 0;
    let payloadBytes = 0;
    const payload = (async function* () {
      for await (const piece of behind(rest, source)) {
        payloadBytes += piece.length;
        yield piece;
      }
    })();
    for await (const piece of header.compressed ? unpacked(payload, damaged) : payload) {
      contentBytes += piece.length;
      // A damaged stream must not be unpacked to any size before that is noticed.
      if (contentBytes > header.contentBytes) throw await damaged();
      hash.update(piece);
      if (last !== null) yield last;
      last = piece;
    }
    const whole = contentBytes === header.contentBytes && payloadBytes === header.payloadBytes;
    if (!whole || hash.digest('hex') !== digest) throw await damaged();
    if (last !== null) yield last;
  } finally {
    await source.return?.();
  }
}

async function takeHeader(
  source: AsyncIterator<Uint8Array>,
): Promise<{ readonly head: Uint8Array; readonly rest: Uint8Array }> {
  let bytes: Uint8Array = Buffer.alloc(0);
  while (bytes.length < HEADER_BYTES) {
    const { done, value } = await source.next();
    if (done) break;
    bytes = bytes.length === 0 ? value : Buffer.concat([bytes, value]);
  }
  return { head: bytes.subarray(0, HEADER_BYTES), rest: bytes.subarray(HEADER_BYTES) };
}

async function* behind(first: Uint8Array, source: AsyncIterator<Uint8Array>): AsyncIterable<Uint8Array> {
  if (first.length > 0) yield first;
  for (;;) {
    const { done, value } = await source.next();
    if (done) return;
    yield value;
  }
}

/** What the unpacker itself finds wrong is damage; what reading the source throws stays what it is. */
async function* unpacked(
  payload: AsyncIterable<Uint8Array>,
  damaged: () => Promise<Error>,
): AsyncIterable<Uint8Array> {
  const unpacker = createZstdDecompress();
  const source = Readable.from(payload, { objectMode: false });
  let failure: { readonly error: unknown } | null = null;
  source.on('error', (error) => {
    failure = { error };
    unpacker.destroy();
  });
  source.pipe(unpacker);
  try {
    for await (const piece of unpacker) yield piece;
  } catch {
    throw failure === null ? await damaged() : (failure as { readonly error: unknown }).error;
  } finally {
    source.destroy();
    unpacker.destroy();
  }
  if (failure !== null) throw (failure as { readonly error: unknown }).error;
}
