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
import type { FileState } from './walk.ts';

const MAGIC = 'SLUICE-FILES-1\n';
const HEAD_BYTES = 32;
/** Size, mtime, ctime and inode of each row. */
const NUMBERS = 4;
const DIGEST_BYTES = 32;

/**
 * Remembers the digests of files by path, size, times and inode, in one flat file.
 *
 * A file that is changed in the same tick of the clock in which it was read would look unchanged (git calls it racy). So each
 * pass asks the file system for its time first, and remembers only files that were last changed before it: whatever changes
 * one of them later gets a later time. This holds where all files have the clock of the index, which is so on one machine.
 * Times are milliseconds as numbers, which are good to a quarter of a microsecond; reading them as big integers takes
 * twice the time of the walk, and rounding keeps a later time from becoming an earlier one.
 */
export class FileIndex {
  readonly #file: string;
  #rows: Rows;
  #isChanged = false;

  private constructor(file: string, rows: Rows) {
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
    return new FileIndex(file, (bytes && decode(bytes)) ?? emptyRows(0));
  }

  /** A pass over the files. Finish it with `save`. */
  begin(): IndexPass {
    const startMs = fileSystemTimeMs(this.#file);
    let seen = 0;
    this.#rows.isSeen.fill(0);
    return {
      find: (path, stats) => {
        const rows = this.#rows;
        const row = rows.at.get(path);
        if (row === undefined) return null;
        seen += 1;
        rows.isSeen[row] = 1;
        return isSame(rows.numbers, row * NUMBERS, stats) ? digestAt(rows, row) : null;
      },
      remember: (path, stats, digest) => {
        this.#isChanged = true;
        if (stats.mtimeMs >= startMs || stats.ctimeMs >= startMs) this.#rows.at.delete(path);
        else this.#rows = withRow(this.#rows, path, stats, digest);
      },
      save: (isCovered) => {
        const { at, isSeen } = this.#rows;
        if (at.size > seen)
          for (const [path, row] of at)
            if (isSeen[row] === 0 && isCovered(path)) {
              at.delete(path);
              this.#isChanged = true;
            }
        if (this.#isChanged) this.#write();
        this.#isChanged = false;
      },
    };
  }

  #write(): void {
    this.#rows = compacted(this.#rows);
    const partial = `${this.#file}.${process.pid}`;
    writeFileSync(partial, encode(this.#rows), { mode: 0o600 });
    renameSync(partial, this.#file);
  }
}

/** Columns, since 20,000 rows as objects cost more than looking at the files. */
interface Rows {
  /** The row of each path. Rows that no path has are free. */
  readonly at: Map<string, number>;
  readonly numbers: Float64Array;
  readonly digests: Buffer;
  /** The digests that were asked for, as text. */
  readonly texts: (Digest | undefined)[];
  /** 1 for rows that were looked for or written in this pass. */
  readonly isSeen: Uint8Array;
  used: number;
}

function emptyRows(capacity: number): Rows {
  const numbers = new Float64Array(capacity * NUMBERS);
  return rowsOf(new Map(), numbers, Buffer.alloc(capacity * DIGEST_BYTES), 0);
}

function rowsOf(at: Map<string, number>, numbers: Float64Array, digests: Buffer, used: number): Rows {
  return { at, numbers, digests, texts: [], isSeen: new Uint8Array(numbers.length / NUMBERS), used };
}

function digestAt({ digests, texts }: Rows, row: number): Digest {
  const text =
    texts[row] ?? (digests.toString('hex', row * DIGEST_BYTES, (row + 1) * DIGEST_BYTES) as Digest);
  texts[row] = text;
  return text;
}

function isSame(numbers: Float64Array, from: number, stats: FileState): boolean {
  return (
    numbers[from] === stats.size &&
    numbers[from + 1] === stats.mtimeMs &&
    numbers[from + 2] === stats.ctimeMs &&
    numbers[from + 3] === stats.ino
  );
}

/** The same columns with the row, or larger ones when they are full. */
function withRow(given: Rows, path: string, stats: FileState, digest: Digest): Rows {
  const row = given.at.get(path) ?? given.used;
  const rows = row * NUMBERS < given.numbers.length ? given : compacted(given, given.at.size + 1024);
  const place = rows === given ? row : rows.used;
  rows.at.set(path, place);
  rows.used = Math.max(rows.used, place + 1);
  rows.numbers.set([stats.size, stats.mtimeMs, stats.ctimeMs, stats.ino], place * NUMBERS);
  rows.digests.write(digest, place * DIGEST_BYTES, 'hex');
  rows.texts[place] = digest;
  rows.isSeen[place] = 1;
  return rows;
}

/** Without free rows, and with room for `spare` more. */
function compacted(given: Rows, spare = 0): Rows {
  if (spare === 0 && given.used === given.at.size && given.numbers.length === given.used * NUMBERS)
    return given;
  const rows = emptyRows(given.at.size + spare);
  for (const [path, row] of given.at) {
    rows.numbers.set(given.numbers.subarray(row * NUMBERS, (row + 1) * NUMBERS), rows.used * NUMBERS);
    given.digests.copy(rows.digests, rows.used * DIGEST_BYTES, row * DIGEST_BYTES, (row + 1) * DIGEST_BYTES);
    rows.texts[rows.used] = given.texts[row];
    rows.isSeen[rows.used] = given.isSeen[row]!;
    rows.at.set(path, rows.used++);
  }
  return rows;
}

export interface IndexPass {
  /** The digest of an unchanged file, or null. */
  find(path: string, stats: FileState): Digest | null;
  /** `stats` from before the file was read. */
  remember(path: string, stats: FileState, digest: Digest): void;
  /** Forgets covered paths that were not seen, and writes the index when something changed. */
  save(isCovered: (path: string) => boolean): void;
}

/** What the file system takes for now: the time of a file written just now. */
function fileSystemTimeMs(indexFile: string): number {
  mkdirSync(dirname(indexFile), { recursive: true, mode: 0o700 });
  const probe = openSync(`${indexFile}.time`, 'w', 0o600);
  try {
    writeSync(probe, '.');
    return fstatSync(probe).mtimeMs;
  } finally {
    closeSync(probe);
  }
}

/** Head (magic, count of rows, checksum), numbers, digests, paths divided by NUL. All rows are in use and in order. */
function encode({ at, numbers, digests }: Rows): Buffer {
  const head = Buffer.alloc(HEAD_BYTES);
  head.write(MAGIC, 0, 'latin1');
  head.writeUInt32LE(at.size, 16);
  const body = Buffer.concat([
    Buffer.from(numbers.buffer, numbers.byteOffset, numbers.byteLength),
    digests,
    Buffer.from([...at.keys()].join('\0')),
  ]);
  head.writeUInt32LE(crc32(body), 20);
  return Buffer.concat([head, body]);
}

function decode(bytes: Buffer): Rows | null {
  if (bytes.length < HEAD_BYTES || bytes.toString('latin1', 0, MAGIC.length) !== MAGIC) return null;
  const count = bytes.readUInt32LE(16);
  const digestsAt = HEAD_BYTES + count * NUMBERS * 8;
  const pathsAt = digestsAt + count * DIGEST_BYTES;
  if (bytes.length < pathsAt || crc32(bytes.subarray(HEAD_BYTES)) !== bytes.readUInt32LE(20)) return null;
  const paths = count === 0 ? [] : bytes.toString('utf8', pathsAt).split('\0');
  if (paths.length !== count) return null;
  // Copied, since numbers must lie at multiples of eight.
  const numbers = new Float64Array(count * NUMBERS);
  bytes.copy(Buffer.from(numbers.buffer), 0, HEAD_BYTES, digestsAt);
  const at = new Map<string, number>();
  for (const path of paths) at.set(path, at.size);
  return rowsOf(at, numbers, bytes.subarray(digestsAt, pathsAt), count);
}
