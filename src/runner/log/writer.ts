import { readFileSync } from 'node:fs';
import type { Clock } from '../../base/port.ts';
import type { LogSize } from '../../journal/run-event.ts';
import { GrowingFile } from './file.ts';
import { RECORD_NUMBERS } from './index-record.ts';
import { countNewlines } from './newlines.ts';
import { indexFile } from './paths.ts';

/** A line without an end is cut here, so that no reader ever has to hold more. */
export const LINE_BYTES_MAX = 64 * 1024;
const LINE_MARKER = Buffer.from(' [sluice: line of more than 64 KiB, continued]\n');
const NEWLINE = 10;
/** Index records are written in groups, but not kept back for longer than this. */
const INDEX_GROUP = 128;
const INDEX_DELAY_MS = 100;

/**
 * The log of one try of a step and its index. Takes bytes that are already masked. Over the cap the log ends with a marker
 * and what follows is dropped; the same when the disk refuses, which `problem` then tells.
 */
export class LogWriter {
  readonly #path: string;
  readonly #clock: Clock;
  readonly #bytesMax: number;
  readonly #log: GrowingFile;
  readonly #index: GrowingFile;
  /** Made with the first byte: most steps of small jobs print nothing. */
  #records: Float64Array<ArrayBuffer> | null = null;
  #recordCount = 0;
  #recordWrittenMs = 0;
  #recordedMs = -1;
  #bytes = 0;
  #newlines = 0;
  /** Bytes since the last newline. */
  #lineBytes = 0;
  #isClosedForGood = false;
  /** Why nothing more can be written, as a sentence; null while all is well. */
  problem: string | null = null;

  constructor(path: string, clock: Clock, bytesMax: number) {
    this.#path = path;
    this.#clock = clock;
    this.#bytesMax = bytesMax;
    this.#log = new GrowingFile(path);
    this.#index = new GrowingFile(indexFile(path));
  }

  get size(): LogSize {
    return { bytes: this.#bytes, lines: this.#newlines + (this.#lineBytes > 0 ? 1 : 0) };
  }

  /** Goes on behind what an earlier owner wrote. */
  resume(): void {
    this.#guarded(() => {
      if (this.#log.existingBytes() === 0) return;
      const before = readFileSync(this.#path);
      this.#bytes = before.length;
      this.#newlines = countNewlines(before);
      this.#lineBytes = before.length - 1 - before.lastIndexOf(NEWLINE);
    });
  }

  append(bytes: Uint8Array): void {
    if (this.#isClosedForGood) return;
    this.#guarded(() => {
      for (let from = 0; from < bytes.length; from += LINE_BYTES_MAX) {
        this.#appendPiece(
          bytes.length <= LINE_BYTES_MAX ? bytes : bytes.subarray(from, from + LINE_BYTES_MAX),
        );
      }
    });
  }

  /** A line of ours, on a line of its own. */
  appendMarker(text: string): void {
    this.append(Buffer.from(`${this.#lineBytes > 0 ? '\n' : ''}[sluice: ${text}]\n`));
  }

  /** Writes what is pending and frees the descriptors. Later bytes open the files again. */
  close(): void {
    this.#guarded(() => this.#writeRecords());
    this.#log.close();
    this.#index.close();
  }

  /** At most 64 KiB, so only its first line can be the end of one that is too long. */
  #appendPiece(piece: Uint8Array): void {
    const first = piece.indexOf(NEWLINE);
    const room = LINE_BYTES_MAX - this.#lineBytes;
    if ((first === -1 ? piece.length : first) > room) {
      this.#write(piece.subarray(0, room));
      this.#write(LINE_MARKER);
      this.#appendPiece(piece.subarray(room));
      return;
    }
    this.#write(piece);
  }

  #write(bytes: Uint8Array): void {
    if (bytes.length === 0 || this.#isClosedForGood) return;
    if (this.#bytes + bytes.length > this.#bytesMax) {
      this.#truncate(bytes.subarray(0, this.#bytesMax - this.#bytes));
      return;
    }
    this.#record();
    this.#log.append(bytes);
    this.#count(bytes);
  }

  #truncate(last: Uint8Array): void {
    const marker = Buffer.from(`\n[sluice: the log ends here: more than ${this.#bytesMax} bytes]\n`);
    const rest = Buffer.concat([last, marker]);
    this.#record();
    this.#log.append(rest);
    this.#count(rest);
    this.#isClosedForGood = true;
  }

  #count(bytes: Uint8Array): void {
    const newlines = countNewlines(bytes);
    this.#bytes += bytes.length;
    this.#newlines += newlines;
    this.#lineBytes =
      newlines === 0 ? this.#lineBytes + bytes.length : bytes.length - 1 - bytes.lastIndexOf(NEWLINE);
  }

  /** One record for all that arrives within a millisecond: more would say nothing more. */
  #record(): void {
    const now = this.#clock.now();
    if (now === this.#recordedMs) return;
    this.#recordedMs = now;
    this.#records ??= new Float64Array(INDEX_GROUP * RECORD_NUMBERS);
    const at = this.#recordCount * RECORD_NUMBERS;
    this.#records[at] = this.#bytes;
    this.#records[at + 1] = this.#newlines + 1;
    this.#records[at + 2] = now;
    this.#recordCount++;
    if (this.#recordCount === INDEX_GROUP || Math.abs(now - this.#recordWrittenMs) > INDEX_DELAY_MS) {
      this.#recordWrittenMs = now;
      this.#writeRecords();
    }
  }

  #writeRecords(): void {
    if (this.#records === null || this.#recordCount === 0) return;
    this.#index.append(new Uint8Array(this.#records.buffer, 0, this.#recordCount * RECORD_NUMBERS * 8));
    this.#recordCount = 0;
  }

  #guarded(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#isClosedForGood = true;
      this.problem = `the log is incomplete: ${(error as Error).message}`;
    }
  }
}
