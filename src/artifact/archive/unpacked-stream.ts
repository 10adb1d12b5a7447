import { createReadStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { refusal } from './refusal.ts';

/** From here on a ratio between unpacked and packed bytes means something. */
const RATIO_FROM_BYTES = 64 * 1024 * 1024;

/** The bytes of a `.tar`, `.tar.gz` or `.tar.zst`, told apart by how they begin. Throws an `ArtifactError` for damage and bombs. */
export async function* unpackedStream(file: string, ratioMax: number): AsyncGenerator<Uint8Array> {
  const { packing, packedBytes } = await look(file);
  const read = createReadStream(file);
  const unpack = packing === 'gzip' ? createGunzip() : packing === 'zstd' ? createZstdDecompress() : null;
  let fault: Error | null = null;
  const stop = (error: Error) => {
    fault ??= error;
    unpack?.destroy(error);
  };
  if (unpack) read.on('error', stop).pipe(unpack);
  const stream: Readable = unpack ?? read;
  let bytes = 0;
  try {
    for await (const chunk of stream as AsyncIterable<Uint8Array>) {
      bytes += chunk.length;
      if (bytes > RATIO_FROM_BYTES && bytes > packedBytes * ratioMax)
        throw refusal(null, `unpacks to more than ${ratioMax} times its size`);
      yield chunk;
    }
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (fault === null && packing !== null && /^(Z_|ZSTD_|ERR_ZLIB|ERR_ZSTD)/.test(code ?? ''))
      throw refusal(null, `is damaged or cut off (${packing}: ${message})`);
    throw error;
  } finally {
    read.destroy();
    unpack?.destroy();
  }
}

async function look(file: string): Promise<{ packing: 'gzip' | 'zstd' | null; packedBytes: number }> {
  let handle: FileHandle | null = null;
  try {
    handle = await open(file);
    const stat = await handle.stat();
    if (!stat.isFile()) throw refusal(null, 'is no file');
    if (stat.size === 0) throw refusal(null, 'is empty');
    const { buffer } = await handle.read(Buffer.alloc(4), 0, 4, 0);
    const gzip = buffer[0] === 0x1f && buffer[1] === 0x8b;
    const zstd = buffer.readUInt32LE(0) === 0xfd2fb528;
    return { packing: gzip ? 'gzip' : zstd ? 'zstd' : null, packedBytes: stat.size };
  } finally {
    await handle?.close();
  }
}
