import type { BigIntStats } from 'node:fs';
import {
  closeSync,
  fstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import process from 'node:process';
import { crc32 } from 'node:zlib';
import type { Digest } from '../../base/digest.ts';

interface Row {
  readonly size: bigint;
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
  readonly inode: bigint;
  readonly digest: Digest;
}

const MAGIC = 'SLUICE-FILES-1\n';
const HEAD_BYTES = 32;
const ROW_BYTES = 64;

/**
 * Remembers the digests of files by path, size, times and inode, in one flat file.
 *
 * A file that is changed in the same tick of the clock in which it was read would look unchanged (git calls it racy). So each
 * pass asks the file system for its time first, and remembers only files that were last changed before it: whatever changes
 * one of them later gets a later time. This holds where all files have the clock of the index, which is so on one machine.
 */
export class FileIndex {
  readonly #file: string;
  readonly #rows: Map<string, Row>;
  #isChanged = false;

  private constructor(file: string, rows: Map<string, Row>) {
    this.#file = file;
    this.#rows = rows;
  }

  /** What was remembered, or nothing when there is no index or it is damaged. */
  static open(file: string): FileIndex {
    let bytes: Buffer | null = null;
    try {
      bytes = readFileSync(file);
    } catch {
      // There is none yet.
    }
    return new FileIndex(file, (bytes && decode(bytes)) ?? new Map());
  }

  /** A pass over the files. Finish it with `save`. */
  begin(): IndexPass {
    const startNs = fileSystemTime(this.#file);
    const seen = new Set<string>();
    return {
      find: (path, stats) => {
        seen.add(path);
        const row = this.#rows.get(path);
        return row !== undefined && isSame(row, stats) ? row.digest : null;
      },
      remember: (path, stats, digest) => {
        seen.add(path);
        this.#isChanged = true;
        if (stats.mtimeNs >= startNs || stats.ctimeNs >= startNs) this.#rows.delete(path);
        else
          this.#rows.set(path, {
            size: stats.size,
            mtimeNs: stats.mtimeNs,
            ctimeNs: stats.ctimeNs,
            inode: stats.ino,
            digest,
          });
      },
      save: (isCovered) => {
        if (this.#rows.size > seen.size)
          for (const path of this.#rows.keys())
            if (!seen.has(path) && isCovered(path)) {
              this.#rows.delete(path);
              this.#isChanged = true;
            }
        if (this.#isChanged) this.#write();
        this.#isChanged = false;
      },
    };
  }

  #write(): void {
    const partial = `${this.#file}.${process.pid}`;
    writeFileSync(partial, encode(this.#rows), { mode: 0o600 });
    renameSync(partial, this.#file);
  }
}

export interface IndexPass {
  /** The digest of an unchanged file, or null. */
  find(path: string, stats: BigIntStats): Digest | null;
  /** `stats` from before the file was read. */
  remember(path: string, stats: BigIntStats, digest: Digest): void;
  /** Forgets covered paths that were not seen, and writes the index when something changed. */
  save(isCovered: (path: string) => boolean): void;
}

function isSame(row: Row, stats: BigIntStats): boolean {
  return (
    row.mtimeNs === stats.mtimeNs &&
    row.ctimeNs === stats.ctimeNs &&
    row.size === stats.size &&
    row.inode === stats.ino
  );
}

/** What the file system takes for now: the time of a file written just now. */
function fileSystemTime(indexFile: string): bigint {
  mkdirSync(dirname(indexFile), { recursive: true, mode: 0o700 });
  const probe = openSync(`${indexFile}.time`, 'w', 0o600);
  try {
    writeSync(probe, '.');
    return fstatSync(probe, { bigint: true }).mtimeNs;
  } finally {
    closeSync(probe);
  }
}

/** Head (magic, count of rows, checksum), rows (4 numbers and a digest), paths divided by NUL. */
function encode(rows: ReadonlyMap<string, Row>): Buffer {
  const paths = Buffer.from([...rows.keys()].join('\0'));
  const bytes = Buffer.allocUnsafe(HEAD_BYTES + rows.size * ROW_BYTES + paths.length);
  bytes.fill(0, 0, HEAD_BYTES);
  bytes.write(MAGIC, 0, 'latin1');
  bytes.writeUInt32LE(rows.size, 16);
  let at = HEAD_BYTES;
  for (const row of rows.values()) {
    bytes.writeBigUInt64LE(row.size, at);
    bytes.writeBigInt64LE(row.mtimeNs, at + 8);
    bytes.writeBigInt64LE(row.ctimeNs, at + 16);
    bytes.writeBigUInt64LE(row.inode, at + 24);
    bytes.write(row.digest, at + 32, 'hex');
    at += ROW_BYTES;
  }
  paths.copy(bytes, at);
  bytes.writeUInt32LE(crc32(bytes.subarray(HEAD_BYTES)), 20);
  return bytes;
}

function decode(bytes: Buffer): Map<string, Row> | null {
  if (bytes.length < HEAD_BYTES || bytes.toString('latin1', 0, MAGIC.length) !== MAGIC) return null;
  const count = bytes.readUInt32LE(16);
  const pathsAt = HEAD_BYTES + count * ROW_BYTES;
  if (bytes.length < pathsAt || crc32(bytes.subarray(HEAD_BYTES)) !== bytes.readUInt32LE(20)) return null;
  const paths = count === 0 ? [] : bytes.toString('utf8', pathsAt).split('\0');
  if (paths.length !== count) return null;
  const rows = new Map<string, Row>();
  let at = HEAD_BYTES;
  for (const path of paths) {
    rows.set(path, {
      size: bytes.readBigUInt64LE(at),
      mtimeNs: bytes.readBigInt64LE(at + 8),
      ctimeNs: bytes.readBigInt64LE(at + 16),
      inode: bytes.readBigUInt64LE(at + 24),
      digest: bytes.toString('hex', at + 32, at + ROW_BYTES) as Digest,
    });
    at += ROW_BYTES;
  }
  return rows;
}
