import { closeSync, constants, createReadStream, fstatSync, openSync } from 'node:fs';
import type { BlobContent } from '../contract.ts';
import { readWhole } from './whole-file.ts';

/** Up to this a content is handled in one piece, which is several times quicker than a stream. */
export const ONE_PIECE_BYTES_MAX = 4 * 2 ** 20;
/** How much of a large one is read at a time. */
export const PIECE_BYTES = 2 ** 20;

export type ContentSource = { readonly bytes: Uint8Array } | { readonly chunks: AsyncIterable<Uint8Array> };

/** What a content is made of: its bytes when they are small or there already, else the way to them. Throws for a file that is not a regular one. */
export function contentSource(content: BlobContent): ContentSource {
  if (content.kind === 'bytes') return { bytes: content.bytes };
  if (content.kind === 'stream') return { chunks: content.chunks };
  const file = openRegular(content.path);
  const { size } = fstatSync(file);
  if (size > ONE_PIECE_BYTES_MAX) {
    return { chunks: createReadStream('', { fd: file, start: 0, highWaterMark: PIECE_BYTES }) };
  }
  try {
    return { bytes: readWhole(file, size) };
  } finally {
    closeSync(file);
  }
}

function openRegular(path: string): number {
  let file: number;
  try {
    // Without O_NONBLOCK, opening a FIFO would wait for a writer for ever.
    file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ELOOP') throw error;
    throw new Error(`${path} is a symbolic link: only regular files can be stored.`);
  }
  if (fstatSync(file).isFile()) return file;
  closeSync(file);
  throw new Error(`${path} is not a regular file: only these can be stored.`);
}
