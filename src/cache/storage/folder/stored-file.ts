import {
  closeSync,
  fstatSync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  statSync,
  utimesSync,
} from 'node:fs';
import type { Digest } from '../../../base/digest.ts';
import { BlobDamageError } from '../../contract.ts';
import { HEADER_BYTES, readHeader } from '../blob-format.ts';
import { codeOf, ifThere } from './failure.ts';
import type { Layout } from './layout.ts';

/** How old a blob's time may be when it is used before it is set anew. Far below any grace period. */
const TOUCH_AFTER_MS = 5_000;

export interface StoredFile {
  readonly file: number;
  readonly size: number;
  readonly inode: number;
}

/** Opens a blob's file. The collector may have put it aside for an instant, and may be putting it back. null: not there. */
export function openStored(layout: Layout, digest: Digest): StoredFile | null {
  for (const path of [layout.blob(digest), layout.asideBlob(digest), layout.blob(digest)]) {
    try {
      const file = openSync(path, 'r');
      const { size, ino } = fstatSync(file);
      return { file, size, inode: ino };
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error;
    }
  }
  return null;
}

/**
 * The stored size of a blob that is there, by header and size, and makes it young. null: not there, or not whole.
 *
 * Setting the time by path comes last: if it works, the collector sees it when it looks again; if the collector was quicker, it fails.
 */
export function findStored(layout: Layout, digest: Digest, nowMs: number): number | null {
  const path = layout.blob(digest);
  const head = Buffer.allocUnsafe(HEADER_BYTES);
  let size: number;
  try {
    const file = openSync(path, 'r');
    try {
      const count = readSync(file, head, 0, HEADER_BYTES, 0);
      const stat = fstatSync(file);
      size = stat.size;
      if (readHeader(head.subarray(0, count), size) === null) return null;
      if (Math.abs(nowMs - stat.mtimeMs) < TOUCH_AFTER_MS) return size;
    } finally {
      closeSync(file);
    }
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null;
    throw error;
  }
  return ifThere(() => utimesSync(path, nowMs / 1000, nowMs / 1000)) ? size : null;
}

/** Makes a blob or record young that was read; one that went meanwhile needs no more. */
export function touchFile(path: string, nowMs: number): void {
  ifThere(() => {
    if (Math.abs(nowMs - statSync(path).mtimeMs) >= TOUCH_AFTER_MS)
      utimesSync(path, nowMs / 1000, nowMs / 1000);
  });
}

/** Puts a damaged blob where nobody reads it and returns what to throw. */
export function putAside(layout: Layout, digest: Digest, inode: number): BlobDamageError {
  const path = layout.blob(digest);
  const damaged = `${layout.damaged}/${digest}-${inode}`;
  let moved = false;
  // Somebody may have stored it anew meanwhile: that one stays.
  ifThere(() => {
    if (statSync(path).ino !== inode) return;
    mkdirSync(layout.damaged, { recursive: true, mode: 0o700 });
    renameSync(path, damaged);
    moved = true;
    if (statSync(damaged).ino !== inode) renameSync(damaged, path);
  });
  const place = moved ? ` It was put aside as ${damaged}.` : '';
  return new BlobDamageError(
    `The blob ${digest} in the folder ${layout.directory} is damaged: its bytes are not what was stored.${place}`,
    digest,
  );
}
