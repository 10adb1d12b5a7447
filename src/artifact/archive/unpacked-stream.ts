import { createReadStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { refusal } from './refusal.ts';

/** From here on a ratio between unpacked and packed bytes means something. */
const RATIO_FROM_BYTES = 64 * 1024 * 1024;
/** Each begins a new decoder; packers that work in parallel make one for some megabytes. */
const FRAMES_MAX = 10_000;

type Packing = 'gzip' | 'zstd' | null;

/** The bytes of a `.tar`, `.tar.gz` or `.tar.zst`, told apart by how they begin. Throws an `ArtifactError` for damage and bombs. */
export async function* unpackedStream(file: string, ratioMax: number): AsyncGenerator<Uint8Array> {
  const packedBytes = await sizeOf(file);
  let bytes = 0;
  let at = 0;
  for (let frame = 1; at < packedBytes; frame++) {
    const packing = await packingAt(file, at);
    if (frame > 1 && packing !== 'zstd') throw refusal(null, 'has further bytes behind its end');
    if (frame > FRAMES_MAX) throw refusal(null, `consists of more than ${FRAMES_MAX} frames`);
    const part = onePart(file, at, packing);
    for (;;) {
      const next = await part.next();
      if (next.done) {
        at += next.value;
        break;
      }
      bytes += next.value.length;
      if (bytes > RATIO_FROM_BYTES && bytes > packedBytes * ratioMax) {
        await part.return(0);
        throw refusal(null, `unpacks to more than ${ratioMax} times its size`);
      }
      yield next.value;
    }
  }
}

/**
 * All that the decoder takes from there on; returns how many packed bytes that were. A decoder of zstd stops behind the first
 * frame, and every decoder leaves what is no frame unread, without a word.
 */
async function* onePart(file: string, start: number, packing: Packing): AsyncGenerator<Uint8Array, number> {
  const read = createReadStream(file, { start });
  if (packing === null) {
    for await (const chunk of read as AsyncIterable<Uint8Array>) yield chunk;
    return read.bytesRead;
  }
  const unpack = packing === 'gzip' ? createGunzip() : createZstdDecompress();
  read.on('error', (error) => unpack.destroy(error)).pipe(unpack);
  try {
    for await (const chunk of unpack as AsyncIterable<Uint8Array>) yield chunk;
    return unpack.bytesWritten;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (/^(Z_|ZSTD_|ERR_ZLIB|ERR_ZSTD)/.test(code ?? ''))
      throw refusal(null, `is damaged or cut off (${packing}: ${message})`);
    throw error;
  } finally {
    read.destroy();
    unpack.destroy();
  }
}

async function sizeOf(file: string): Promise<number> {
  return during(file, async (handle) => {
    const stat = await handle.stat();
    if (!stat.isFile()) throw refusal(null, 'is no file');
    if (stat.size === 0) throw refusal(null, 'is empty');
    return stat.size;
  });
}

async function packingAt(file: string, position: number): Promise<Packing> {
  return during(file, async (handle) => {
    const { buffer } = await handle.read(Buffer.alloc(4), 0, 4, position);
    if (buffer[0] === 0x1f && buffer[1] === 0x8b) return 'gzip';
    return buffer.readUInt32LE(0) === 0xfd2fb528 ? 'zstd' : null;
  });
}

async function during<T>(file: string, act: (handle: FileHandle) => Promise<T>): Promise<T> {
  const handle = await open(file);
  try {
    return await act(handle);
  } finally {
    await handle.close();
  }
}
