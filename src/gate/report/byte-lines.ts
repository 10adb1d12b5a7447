import { ReportError } from './contract.ts';
import { joined } from './text-decoder.ts';

const LINE_BYTES_MAX = 1_000_000;
const NEWLINE = 0x0a;

/** Gives the lines of a file as bytes: `bytes[from..to)`, without the line feed. Good only during the call. */
export type OnByteLine = (bytes: Uint8Array, from: number, to: number, number: number) => void;

/**
 * Reads the line that begins at `from` if it is one of the plain ones that it knows. Returns where its line feed is; -1 when it
 * did nothing, as with a line that the chunk does not hold to its end.
 */
export type QuickByteLine = (bytes: Uint8Array, from: number) => number;

/** Cuts chunks into lines without decoding them, for formats whose files have millions of short lines. */
export class ByteLines {
  readonly #onLine: OnByteLine;
  readonly #quick: QuickByteLine;
  #rest: Uint8Array | null = null;
  #number = 0;

  /** Lines that `quick` reads do not come to `onLine`, and each of their bytes is looked at once. */
  constructor(onLine: OnByteLine, quick: QuickByteLine) {
    this.#onLine = onLine;
    this.#quick = quick;
  }

  write(chunk: Uint8Array): void {
    let from = 0;
    if (this.#rest) {
      const first = chunk.indexOf(NEWLINE);
      this.#rest = joined([this.#rest, first < 0 ? chunk : chunk.subarray(0, first)]);
      if (first < 0) {
        this.#checkRest();
        return;
      }
      this.#onLine(this.#rest, 0, this.#rest.length, ++this.#number);
      this.#rest = null;
      from = first + 1;
    }
    while (from < chunk.length) {
      let end = this.#quick(chunk, from);
      if (end < 0) {
        end = chunk.indexOf(NEWLINE, from);
        if (end < 0) break;
        this.#onLine(chunk, from, end, this.#number + 1);
      }
      this.#number++;
      from = end + 1;
    }
    if (from < chunk.length) {
      this.#rest = chunk.slice(from);
      this.#checkRest();
    }
  }

  /** The last line may have no line feed. Returns how many lines there were. */
  end(): number {
    if (this.#rest) this.#onLine(this.#rest, 0, this.#rest.length, ++this.#number);
    return this.#number;
  }

  #checkRest(): void {
    if (this.#rest!.length <= LINE_BYTES_MAX) return;
    throw new ReportError('report-refused', `a line of more than ${LINE_BYTES_MAX} bytes`, {
      line: this.#number + 1,
      column: 1,
    });
  }
}
