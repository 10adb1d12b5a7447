import { SaxesParser } from 'saxes';
import { ReportError } from './contract.ts';
import { TextChunks } from './text-decoder.ts';

export type XmlAttributes = Readonly<Record<string, string>>;

/** What a parser of an XML format does. Names are local names: a prefix is cut off. */
export interface XmlHandler {
  /** Names of the root element that the format may have. */
  readonly roots: readonly string[];
  /** For messages: `a JUnit report`. */
  readonly what: string;
  /** `attributes` has no prototype. */
  open(name: string, attributes: XmlAttributes, place: XmlPlace): void;
  close(name: string): void;
  /** Text and CDATA, in pieces, only while `open` has asked for it with `place.wantText`. */
  text?(text: string): void;
  /** The error for another root element; by default one that names it. */
  wrongRoot?(name: string): ReportError;
}

/** Where the reader is, and whether text is wanted. */
export interface XmlPlace {
  readonly line: number;
  readonly column: number;
  wantText(isWanted: boolean): void;
}

const DEPTH_MAX = 1000;
/** Longer pieces of text are given in parts and not gathered. */
const TEXT_CHARACTERS_MAX = 1_000_000;

/**
 * Reads XML in chunks. Broken XML, a wrong root element and entity declarations are `ReportError`s with their place.
 * Nothing is ever expanded or fetched.
 */
export class XmlReader implements XmlPlace {
  readonly #handler: XmlHandler;
  readonly #parser = new SaxesParser({ position: false });
  readonly #chunks = new TextChunks();
  #depth = 0;
  #isTextWanted = false;
  #sawRoot = false;

  constructor(handler: XmlHandler) {
    this.#handler = handler;
    const parser = this.#parser;
    parser.on('error', (error) => {
      throw this.#error(error.message.replace(/\.$/, ''));
    });
    parser.on('doctype', (doctype) => this.#checkDoctype(doctype));
    parser.on('opentag', (tag) => this.#open(localName(tag.name), tag.attributes as XmlAttributes));
    parser.on('closetag', (tag) => {
      this.#depth--;
      handler.close(localName(tag.name));
    });
    parser.on('cdata', (text) => {
      if (this.#isTextWanted) handler.text?.(text);
    });
  }

  get line(): number {
    return this.#parser.line;
  }

  get column(): number {
    return this.#parser.column;
  }

  wantText(isWanted: boolean): void {
    if (isWanted === this.#isTextWanted) return;
    this.#isTextWanted = isWanted;
    // Without a handler text is not even cut out of its chunk.
    if (isWanted) this.#parser.on('text', (text) => this.#handler.text?.(text));
    else this.#parser.off('text');
  }

  write(chunk: Uint8Array): void {
    this.#feed(this.#chunks.decode(chunk));
  }

  /** All bytes were given: checks that the document is complete. */
  end(): void {
    this.#feed(this.#chunks.end());
    if (!this.#sawRoot && this.#parser.position === 0) throw emptyReport();
    this.#parser.close();
  }

  #feed(text: string): void {
    if (text === '') return;
    this.#parser.write(text);
    // saxes gathers CDATA and comments to their end, which may be a whole build log.
    const gathered = this.#parser as unknown as { text: string };
    if (gathered.text.length > TEXT_CHARACTERS_MAX) {
      if (this.#isTextWanted) this.#handler.text?.(gathered.text);
      gathered.text = '';
    }
  }

  #open(name: string, attributes: XmlAttributes): void {
    if (++this.#depth > DEPTH_MAX) {
      throw this.#error(`elements are nested more than ${DEPTH_MAX} deep`, 'report-refused');
    }
    if (!this.#sawRoot) {
      this.#sawRoot = true;
      if (!this.#handler.roots.includes(name)) {
        throw (
          this.#handler.wrongRoot?.(name) ??
          this.#error(
            `its root element is <${name}>, so it is not ${this.#handler.what}`,
            'report-not-this-kind',
          )
        );
      }
    }
    this.#handler.open(name, attributes, this);
  }

  #checkDoctype(doctype: string): void {
    if (/<!ENTITY/i.test(doctype)) {
      throw this.#error(
        'it declares entities, which no report needs and which are never expanded',
        'report-refused',
      );
    }
  }

  #error(
    message: string,
    code: 'report-malformed' | 'report-refused' | 'report-not-this-kind' = 'report-malformed',
  ): ReportError {
    return new ReportError(code, code === 'report-malformed' ? xmlMessage(message) : message, {
      line: this.line,
      column: Math.max(1, this.column),
    });
  }
}

/** The error for a file without content. */
export function emptyReport(): ReportError {
  return new ReportError('report-empty', 'it is empty', {
    suggestion: 'look whether the tool ran and where it writes its report',
  });
}

function xmlMessage(message: string): string {
  const unclosed = /^unclosed tag: (.*)$/.exec(message);
  if (unclosed) return `it ends in the middle of <${unclosed[1]}>; the file is cut off`;
  if (message.startsWith('document must contain a root element')) return 'it holds no XML element';
  return `it is not well-formed XML: ${message}`;
}

function localName(name: string): string {
  const colon = name.indexOf(':');
  return colon < 0 ? name : name.slice(colon + 1);
}
