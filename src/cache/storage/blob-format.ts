import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { type Digest, digestOf } from '../../base/digest.ts';

/*
 * A blob as it is stored: a header of 24 bytes and the content, as it is or compressed.
 *
 *   0  "SLB1"
 *   4  0: as it is; 1: zstd
 *   5  three zeros
 *   8  size of the content, 64 bits little-endian
 *  16  size of what follows the header, the same
 *
 * The second size tells a cut file from a whole one without reading it. Every bit counts: the header is checked against the
 * file's size and the content's, and the content against the digest.
 */

export const HEADER_BYTES = 24;

/** What is smaller fills a block of the disk anyway, and making a compressor costs as much as opening a file. */
const COMPRESS_FROM_BYTES = 4096;
/** Less than this saved is not worth the time of every later reading. */
const STORED_PART_MAX = 0.9;
/** The quickest level: the disk and the network are waited for longer than a better one would save. */
export const ZSTD = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };

export interface BlobHeader {
  readonly compressed: boolean;
  readonly contentBytes: number;
  readonly payloadBytes: number;
}

export function writeHeader(header: BlobHeader): Buffer {
  const bytes = Buffer.alloc(HEADER_BYTES);
  bytes.write('SLB1', 0, 'latin1');
  bytes[4] = header.compressed ? 1 : 0;
  bytes.writeBigUInt64LE(BigInt(header.contentBytes), 8);
  bytes.writeBigUInt64LE(BigInt(header.payloadBytes), 16);
  return bytes;
}

/** The header at the start of the bytes, or null when there is none that could be whole in a file of `storedBytes`. */
export function readHeader(bytes: Uint8Array, storedBytes: number): BlobHeader | null {
  if (bytes.length < HEADER_BYTES) return null;
  const header = Buffer.from(bytes.buffer, bytes.byteOffset, HEADER_BYTES);
  const read: BlobHeader = {
    compressed: header[4] === 1,
    contentBytes: Number(header.readBigUInt64LE(8)),
    payloadBytes: Number(header.readBigUInt64LE(16)),
  };
  // What it says must be all that it says: any other bit that is set is damage.
  if (!writeHeader(clamped(read)).equals(header)) return null;
  return read.payloadBytes + HEADER_BYTES === storedBytes ? read : null;
}

/** So that a damaged size does not throw while it is compared. */
function clamped(header: BlobHeader): BlobHeader {
  const size = (bytes: number) => Math.min(bytes, Number.MAX_SAFE_INTEGER);
  return { ...header, contentBytes: size(header.contentBytes), payloadBytes: size(header.payloadBytes) };
}

/** The stored form of a content, as pieces to write one behind the other. */
export function encodeBlob(content: Uint8Array): readonly Uint8Array[] {
  const compressed = isCompressible(content) ? zstdCompressSync(content, ZSTD) : content;
  const pays = compressed !== content && compressed.length <= content.length * STORED_PART_MAX;
  const payload = pays ? compressed : content;
  return [
    writeHeader({ compressed: pays, contentBytes: content.length, payloadBytes: payload.length }),
    payload,
  ];
}

/** Whether the beginning of a content promises that compressing pays. */
export function isCompressible(content: Uint8Array): boolean {
  if (content.length < COMPRESS_FROM_BYTES) return false;
  const sampleBytes = 65_536;
  if (content.length <= sampleBytes * 2) return true;
  // Three places: archives begin with text and go on with what is packed already.
  const part = Math.floor(sampleBytes / 3);
  const places = [0, Math.floor((content.length - part) / 2), content.length - part];
  const sample = Buffer.concat(places.map((from) => content.subarray(from, from + part)));
  return zstdCompressSync(sample, ZSTD).length <= sample.length * STORED_PART_MAX;
}

/** The content of a whole stored blob, or null when it is not the one of this digest. */
export function decodeBlob(stored: Uint8Array, digest: Digest): Uint8Array | null {
  const header = readHeader(stored, stored.length);
  if (header === null) return null;
  const content = header.compressed
    ? decompressed(stored.subarray(HEADER_BYTES), header.contentBytes)
    : stored.subarray(HEADER_BYTES);
  if (content === null || content.length !== header.contentBytes) return null;
  return digestOf(content) === digest ? content : null;
}

/** null: no zstd, or more content than the header said, which must not be unpacked to find out. */
function decompressed(payload: Uint8Array, contentBytes: number): Uint8Array | null {
  try {
    return zstdDecompressSync(payload, { maxOutputLength: Math.max(contentBytes, 1) });
  } catch {
    return null;
  }
}
