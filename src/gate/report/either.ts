import type { Figures, ReportReader } from './contract.ts';

const LIST = 0x5b;
const ELEMENT = 0x3c;

/** A reader for JSON that may be an object or a list: `open` is called once the first character is known. */
export function openEither(open: (isList: boolean, isXml: boolean) => ReportReader): ReportReader {
  return new EitherReader(open);
}

class EitherReader implements ReportReader {
  readonly #open: (isList: boolean, isXml: boolean) => ReportReader;
  #reader: ReportReader | null = null;

  constructor(open: (isList: boolean, isXml: boolean) => ReportReader) {
    this.#open = open;
  }

  write(chunk: Uint8Array): void {
    if (!this.#reader) {
      // White space and a byte order mark say nothing.
      const first = chunk.find((byte) => byte > 0x20 && byte < 0x80);
      if (first === undefined) return;
      this.#reader = this.#open(first === LIST, first === ELEMENT);
    }
    this.#reader.write(chunk);
  }

  end(): Figures {
    return (this.#reader ?? this.#open(false, false)).end();
  }
}
