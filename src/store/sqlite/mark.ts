import { closeSync, existsSync, openSync, readFileSync, readSync, writeSync } from 'node:fs';
import { digestOf } from '../../base/digest.ts';
import type { StoreState } from './state.ts';

const SLOTS = 64;
const SLOT_BYTES = 192;
const NAME = 'sluice-mark-1';

/** What a mark says: the store had at least come this far. */
export type Mark = Pick<
  StoreState,
  'storeId' | 'commits' | 'events' | 'lastStream' | 'lastSequence' | 'lastHash'
>;

/**
 * The high-water mark: a file beside the database that says how far the store had come. SQLite takes a missing or cut
 * write-ahead file for an old state and says nothing; the mark notices.
 *
 * It is written after each commit and never flushed: after a kill the kernel still has it, after a power cut it may be
 * behind, which only notices less. Several processes write it without a lock: commit n goes to slot n modulo 64, so a
 * process that stops between its commit and its mark can only overwrite a slot at least 64 commits old, and looks
 * before it does. What counts is the highest slot. A torn slot does not fit its check sum and is ignored.
 */
export class MarkFile {
  readonly #descriptor: number;
  readonly #buffer = Buffer.alloc(SLOT_BYTES);

  constructor(path: string) {
    this.#descriptor = openSync(path, existsSync(path) ? 'r+' : 'w+', 0o600);
  }

  /** Fills an empty file with empty slots, so that a full disk later cannot keep a mark from being written. */
  prepare(): void {
    if (readSync(this.#descriptor, this.#buffer, 0, 1, 0) === 1) return;
    writeSync(this.#descriptor, `${' '.repeat(SLOT_BYTES - 1)}\n`.repeat(SLOTS), 0);
  }

  write(mark: Mark): void {
    const position = (mark.commits % SLOTS) * SLOT_BYTES;
    const length = readSync(this.#descriptor, this.#buffer, 0, SLOT_BYTES, position);
    const present = parseSlot(this.#buffer.toString('latin1', 0, length));
    if (present !== null && present.commits > mark.commits) return;
    this.#buffer.write(formatSlot(mark), 'latin1');
    writeSync(this.#descriptor, this.#buffer, 0, SLOT_BYTES, position);
  }

  close(): void {
    closeSync(this.#descriptor);
  }
}

/** The highest mark in the file. null: there is no file. 'empty': nothing was ever marked, or a person has emptied it. */
export function readMark(path: string): Mark | 'empty' | 'damaged' | null {
  if (!existsSync(path)) return null;
  const text = readFileSync(path, 'latin1');
  let highest: Mark | null = null;
  for (let start = 0; start < text.length; start += SLOT_BYTES) {
    const mark = parseSlot(text.slice(start, start + SLOT_BYTES));
    if (mark !== null && (highest === null || mark.commits > highest.commits)) highest = mark;
  }
  return highest ?? (text.trim() === '' ? 'empty' : 'damaged');
}

function formatSlot(mark: Mark): string {
  const fields = [
    NAME,
    mark.storeId,
    mark.commits,
    mark.events,
    mark.lastStream,
    mark.lastSequence,
    mark.lastHash,
  ].join(' ');
  return `${`${fields} ${digestOf(fields).slice(0, 16)}`.padEnd(SLOT_BYTES - 1)}\n`;
}

function parseSlot(slot: string): Mark | null {
  const text = slot.trimEnd();
  const end = text.lastIndexOf(' ');
  const fields = text.slice(0, end);
  if (end < 0 || digestOf(fields).slice(0, 16) !== text.slice(end + 1)) return null;
  const [name, storeId, commits, events, lastStream, lastSequence, lastHash] = fields.split(' ');
  if (name !== NAME) return null;
  return {
    storeId: storeId!,
    commits: Number(commits),
    events: Number(events),
    lastStream: Number(lastStream),
    lastSequence: Number(lastSequence),
    lastHash: lastHash!,
  };
}
