import { UserError, userError } from '../../base/diagnostic.ts';
import { DamageError } from '../contract.ts';

const GENERIC = 1;
const BUSY = 5;
const READ_ONLY = 8;
const INPUT_OUTPUT = 10;
const CORRUPT = 11;
const FULL = 13;
const CANNOT_OPEN = 14;
const CONSTRAINT = 19;
const NOT_A_DATABASE = 26;

/** SQLite's primary result code of an error that node:sqlite threw, or null for any other error. */
function resultCode(error: unknown): number | null {
  const code = (error as { errcode?: unknown } | null)?.errcode;
  return typeof code === 'number' ? code & 0xff : null;
}

/** Another connection holds the lock; trying again may help. */
export function isBusy(error: unknown): boolean {
  return resultCode(error) === BUSY;
}

/** The disk had no room; what was begun is undone, and everything else is whole. */
export function isFull(error: unknown): boolean {
  return resultCode(error) === FULL;
}

/** After a failed read, write or flush nobody knows what reached the disk: the store must not be used further. */
export function isFatal(error: unknown): boolean {
  return resultCode(error) === INPUT_OUTPUT;
}

/**
 * Whether opening may have failed for want of room: that there is none for what SQLite shares between processes it tells as a failure of
 * the disk. Takes an error as it was thrown, or explained.
 */
export function mayLackRoom(error: unknown): boolean {
  if (isFull(error) || isFatal(error)) return true;
  if (error instanceof UserError) return ROOM_CODES.includes(error.diagnostics[0]?.code ?? '');
  return (error as NodeJS.ErrnoException).code === 'ENOSPC';
}

const ROOM_CODES: readonly string[] = ['store-full', 'store-input-output'];

/** Any error of SQLite as one a person can act on, naming the file. Other errors come back as they are. */
export function explained(error: unknown, file: string): unknown {
  const message = error instanceof Error ? error.message : String(error);
  // node:sqlite met a number beyond 2^53; nobody writes such a one.
  if ((error as { code?: unknown } | null)?.code === 'ERR_OUT_OF_RANGE') {
    return damage(null, null, `the store ${file} is damaged (${message})`);
  }
  switch (resultCode(error)) {
    case CORRUPT:
    case NOT_A_DATABASE:
    // All statements are fixed and all keys are looked up before: only a damaged schema or index gives these.
    case GENERIC:
    case CONSTRAINT:
      return damage(null, null, `the store ${file} is damaged (${message})`);
    case FULL:
      return userError(
        'store-full',
        `the disk is full: nothing could be written to the store ${file}`,
        'free some space on that disk, then `sluice resume`',
        3,
      );
    case READ_ONLY:
      return userError(
        'store-read-only',
        `the store ${file} cannot be written: the file, its folder or the disk is read-only`,
        'make it writable, or set SLUICE_HOME to another folder',
        3,
      );
    case CANNOT_OPEN:
      return userError(
        'store-cannot-open',
        `the store ${file} cannot be opened (${message})`,
        'check that its folder exists and belongs to you, or set SLUICE_HOME to another folder',
        3,
      );
    case INPUT_OUTPUT:
      return userError(
        'store-input-output',
        `the disk failed under the store ${file} (${message}); what was not acknowledged may be lost`,
        'check the disk and its space, then start Sluice again: it verifies the store when it opens it',
        3,
      );
    default:
      return error;
  }
}

/** One finding as an error; the way out is the same for all damage. */
export function damage(stream: string | null, sequence: number | null, sentence: string): DamageError {
  return new DamageError([{ stream, sequence, sentence: `${sentence}; restore the store from a backup` }]);
}
