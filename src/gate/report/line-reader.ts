import { ReportError } from './contract.ts';
import { TextChunks } from './text-decoder.ts';

const LINE_CHARACTERS_MAX = 1_000_000;

/** Gives the lines of a text file, without their ends, each with its number from 1. */
export class LineReader {
  readonly #chunks = new TextChunks();
  readonly #onLine: (line: string, number: number) => void;
  #rest = '';
  #number = 0;

  constructor(onLine: (line: string, number: number) => void) {
    this.#onLine = onLine;
  }

  write(chunk: Uint8Array): void {
    this.#feed(this.#chunks.decode(chunk));
  }

  /** The last line may have no end. Returns how many lines there were. */
  end(): number {
    this.#feed(this.#chunks.end());
    if (this.#rest !== '') this.#onLine(this.#rest, ++this.#number);
    return this.#number;
  }

  #feed(piece: string): void {
    const text = this.#rest + piece;
    let from = 0;
    for (let to = text.indexOf('\n'); to >= 0; to = text.indexOf('\n', from)) {
      this.#onLine(
        text.slice(from, text.charCodeAt(to - 1) === 13 && to > from ? to - 1 : to),
        ++this.#number,
      );
      from = to + 1;
    }
    this.#rest = text.slice(from);
    if (this.#rest.length > LINE_CHARACTERS_MAX) {
      throw new ReportError('report-refused', `a line of more than ${LINE_CHARACTERS_MAX} characters`, {
        line: this.#number + 1,
        column: 1,
      });
    }
  }
}
