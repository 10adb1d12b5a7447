import { ReportError } from './contract.ts';
import { jsonFault } from './json-fault.ts';
import { joined } from './text-decoder.ts';
import { emptyReport } from './xml-reader.ts';

export type JsonPath = readonly (string | number)[];

/** What a parser of a JSON format does. A path is only good during the call. */
export interface JsonHandler {
  /**
   * Paths of the objects and arrays that are too large to be read at once: their members are given one by one. `*` is any key
   * or index. The outermost value is always opened.
   */
  readonly split: readonly JsonPath[];
  /** Paths whose values are of no interest: they are not even read. */
  readonly skip?: readonly JsonPath[];
  /** Several values one after the other (JSON lines), each with its index as the beginning of its path. */
  readonly isSequence?: boolean;
  /** A complete value that is not split, with the path that it has. */
  value(path: JsonPath, value: unknown): void;
  /** An object or array that is split begins. */
  enter?(path: JsonPath, kind: 'object' | 'array'): void;
  /** It ends. */
  leave?(path: JsonPath): void;
}

const DEPTH_MAX = 512;
/** Read at once, a value of this size takes about a tenth of a second. */
const VALUE_BYTES_MAX = 16 * 1024 * 1024;

interface Node {
  readonly children: Map<string | number, Node>;
  /** A container at this path is opened. */
  isSplit: boolean;
  isSkipped: boolean;
}

interface Frame {
  readonly node: Node;
  readonly isArray: boolean;
  readonly seen: Set<string>;
  index: number;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const NEWLINE = 0x0a;

// What a byte means outside of strings.
const [PLAIN, SPACE, QUOTED, OPENING, CLOSING, SEPARATOR, LINE_END] = [0, 1, 2, 3, 4, 5, 6];
const KIND = new Uint8Array(256);
for (const [kind, characters] of [
  [QUOTED, '"'],
  [OPENING, '{['],
  [CLOSING, '}]'],
  [SEPARATOR, ','],
  [LINE_END, '\n'],
  [SPACE, ' \t\r'],
] as const) {
  for (const character of characters) KIND[character.charCodeAt(0)] = kind;
}
const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf];

/** What is expected next in the innermost open container. */
type Expected = 'first' | 'value' | 'key' | 'colon' | 'comma' | 'end';

/**
 * Reads JSON in chunks. Containers on the `split` paths are walked here; everything below is gathered until it is complete and
 * given to `JSON.parse`, many elements of an array at once. So memory is bounded by the largest value and not by the file.
 */
export class JsonReader {
  readonly #handler: JsonHandler;
  readonly #root: Node;
  readonly #frames: Frame[] = [];
  readonly #path: (string | number)[] = [];
  #expected: Expected = 'value';
  #line = 1;
  /** Bytes before the current chunk, and where the current line begins, as offsets in the file. */
  #offset = 0;
  #lineOffset = 0;
  #sawValue = false;
  #sequence = 0;

  // What is being gathered: `none`, one value, or a run of an array's elements with the commas between them.
  #gathering: 'none' | 'value' | 'elements' | 'key' = 'none';
  #parts: Uint8Array[] = [];
  #partBytes = 0;
  #depth = 0;
  #isInString = false;
  #isEscaped = false;
  #startLine = 1;
  #startColumn = 1;
  #isSkipping = false;
  /** The run of elements goes on behind a comma. */
  #isAfterComma = false;

  constructor(handler: JsonHandler) {
    this.#handler = handler;
    this.#root = trie(handler);
  }

  write(chunk: Uint8Array): void {
    let at = 0;
    while (at < chunk.length) {
      at = this.#gathering === 'none' ? this.#structure(chunk, at) : this.#gather(chunk, at);
    }
    this.#offset += chunk.length;
  }

  /** All bytes were given: checks that the value is complete. */
  end(): void {
    if (this.#gathering === 'value' && this.#depth === 0 && !this.#isInString && this.#frames.length === 0) {
      this.#finishValue();
    }
    if (!this.#sawValue) throw emptyReport();
    if (this.#gathering !== 'none' || this.#frames.length > 0) {
      throw this.#error(`it ends in the middle of ${this.#pointer() || 'its value'}; the file is cut off`);
    }
  }

  /** A JSON pointer to where the reader is. */
  #pointer(): string {
    return pointerOf(this.#path);
  }

  /** One step between values. Returns where to go on. */
  #structure(chunk: Uint8Array, at: number): number {
    const byte = chunk[at]!;
    if (byte === NEWLINE) {
      this.#line++;
      this.#lineOffset = this.#offset + at + 1;
      return at + 1;
    }
    if (byte === 0x20 || byte === 0x0d || byte === 0x09) return at + 1;
    const frame = this.#frames.at(-1);
    if (!frame) return this.#outermost(chunk, at, byte);
    const close = frame.isArray ? 0x5d : 0x7d;
    switch (this.#expected) {
      case 'first':
        if (byte === close) return this.#leave(at);
        return frame.isArray ? this.#beginElement(chunk, at, byte) : this.#beginKey(chunk, at, byte);
      case 'key':
        return this.#beginKey(chunk, at, byte);
      case 'colon':
        if (byte !== 0x3a) throw this.#unexpected(chunk, at, 'a colon');
        this.#expected = 'value';
        return at + 1;
      case 'value':
        return frame.isArray ? this.#beginElement(chunk, at, byte) : this.#beginValue(chunk, at, byte);
      default:
        if (byte === close) return this.#leave(at);
        if (byte !== COMMA) throw this.#unexpected(chunk, at, 'a comma');
        this.#expected = frame.isArray ? 'value' : 'key';
        if (frame.isArray) frame.index++;
        return at + 1;
    }
  }

  #outermost(chunk: Uint8Array, at: number, byte: number): number {
    if (this.#offset + at < BYTE_ORDER_MARK.length && !this.#sawValue) {
      if (byte === 0xff || byte === 0xfe) throw utf16();
      if (byte === BYTE_ORDER_MARK[this.#offset + at]) return at + 1;
    }
    if (this.#sawValue && !this.#handler.isSequence) {
      throw this.#unexpected(chunk, at, 'the end of the file');
    }
    this.#sawValue = true;
    this.#path.length = 0;
    if (this.#handler.isSequence) {
      this.#path.push(this.#sequence++);
      const node = childOf(this.#root, this.#path[0]!);
      if (node?.isSplit && isOpening(byte)) return this.#enter(node, byte, at);
      return this.#startGathering('value', chunk, at);
    }
    if (isOpening(byte)) return this.#enter(this.#root, byte, at);
    return this.#startGathering('value', chunk, at);
  }

  #beginKey(chunk: Uint8Array, at: number, byte: number): number {
    if (byte !== QUOTE) throw this.#unexpected(chunk, at, 'a key in quotes');
    return this.#startGathering('key', chunk, at);
  }

  #beginElement(chunk: Uint8Array, at: number, byte: number): number {
    const frame = this.#frames.at(-1)!;
    // No element of this array is opened or skipped: whole runs of them are read at once.
    if (frame.node.children.size === 0) return this.#startGathering('elements', chunk, at);
    this.#path.push(frame.index);
    return this.#beginAt(chunk, at, byte, childOf(frame.node, frame.index));
  }

  #beginValue(chunk: Uint8Array, at: number, byte: number): number {
    const key = this.#path.at(-1)!;
    return this.#beginAt(chunk, at, byte, childOf(this.#frames.at(-1)!.node, key));
  }

  #beginAt(chunk: Uint8Array, at: number, byte: number, node: Node | null): number {
    if (node?.isSplit && isOpening(byte)) return this.#enter(node, byte, at);
    this.#isSkipping = node?.isSkipped ?? false;
    return this.#startGathering('value', chunk, at);
  }

  #enter(node: Node, byte: number, at: number): number {
    const isArray = byte === 0x5b;
    this.#frames.push({ node, isArray, seen: new Set(), index: 0 });
    this.#expected = 'first';
    this.#handler.enter?.(this.#path, isArray ? 'array' : 'object');
    return at + 1;
  }

  #leave(at: number): number {
    this.#frames.pop();
    this.#handler.leave?.(this.#path);
    this.#afterValue();
    return at + 1;
  }

  #afterValue(): void {
    this.#path.pop();
    this.#expected = this.#frames.length > 0 ? 'comma' : 'end';
  }

  #startGathering(what: 'value' | 'elements' | 'key', chunk: Uint8Array, at: number): number {
    this.#gathering = what;
    this.#depth = 0;
    this.#isInString = false;
    this.#isEscaped = false;
    this.#markStart(at);
    return this.#gather(chunk, at);
  }

  #markStart(at: number): void {
    this.#parts = [];
    this.#partBytes = 0;
    this.#startLine = this.#line;
    this.#startColumn = this.#offset + at - this.#lineOffset + 1;
  }

  /** Goes on to the end of what is gathered, or of the chunk. Returns where to go on. Every byte passes here: locals only. */
  #gather(chunk: Uint8Array, from: number): number {
    const isElements = this.#gathering === 'elements';
    const { length } = chunk;
    let at = from;
    let begin = from;
    let depth = this.#depth;
    let isInString = this.#isInString;
    let lastComma = -1;
    let end = -1;
    // A bare number or word ends with what cannot be part of it; of what was gathered before, only such a one is still open.
    let isScalarOpen = !isElements && this.#partBytes > 0 && depth === 0 && !isInString;
    while (at < length) {
      if (isInString) {
        if (this.#isEscaped) at++;
        this.#isEscaped = false;
        while (at < length) {
          const byte = chunk[at++]!;
          if (byte === QUOTE) {
            isInString = false;
            break;
          }
          // What is escaped may stand in the next chunk.
          if (byte === BACKSLASH && at++ === length) this.#isEscaped = true;
        }
        if (isInString || depth > 0 || isElements) continue;
        end = at;
        break;
      }
      const kind = KIND[chunk[at]!]!;
      if (kind <= SPACE && depth > 0) {
        at++;
        continue;
      }
      if (kind === QUOTED) isInString = true;
      else if (kind === OPENING) {
        if (++depth > DEPTH_MAX) throw this.#tooDeep(at);
      } else if (kind === CLOSING) {
        if (depth === 0) {
          end = at;
          break;
        }
        if (--depth === 0 && !isElements) {
          end = at + 1;
          break;
        }
      } else if (kind === LINE_END || kind === SPACE) {
        if (isScalarOpen) {
          end = at;
          break;
        }
        if (kind === LINE_END) {
          this.#line++;
          this.#lineOffset = this.#offset + at + 1;
        }
      } else if (kind === SEPARATOR) {
        if (depth === 0 && !isElements) {
          end = at;
          break;
        }
        if (depth === 0) lastComma = at;
      } else if (kind === PLAIN) isScalarOpen = !isElements;
      at++;
    }
    this.#depth = depth;
    this.#isInString = isInString;
    if (end >= 0) {
      this.#take(chunk, begin, end);
      this.#finish();
      return end;
    }
    if (isElements && lastComma >= 0) {
      this.#take(chunk, begin, lastComma);
      this.#deliverElements();
      this.#markStart(lastComma + 1);
      begin = lastComma + 1;
      this.#isAfterComma = true;
    }
    this.#take(chunk, begin, length, true);
    return length;
  }

  #take(chunk: Uint8Array, begin: number, end: number, isKept = false): void {
    if (end <= begin) return;
    this.#partBytes += end - begin;
    if (this.#isSkipping) return;
    if (this.#partBytes > VALUE_BYTES_MAX) {
      throw this.#error(
        `${this.#pointer() || 'its value'} is larger than ${VALUE_BYTES_MAX / 1024 / 1024} MiB`,
        'report-refused',
      );
    }
    const part = chunk.subarray(begin, end);
    // The caller may use its chunk again.
    this.#parts.push(isKept ? part.slice() : part);
  }

  #finish(): void {
    if (this.#gathering === 'key') this.#finishKey();
    else if (this.#gathering === 'elements') {
      this.#deliverElements();
      this.#isAfterComma = false;
      this.#gathering = 'none';
      this.#expected = 'comma';
    } else this.#finishValue();
  }

  #finishKey(): void {
    const key = this.#parse(false) as string;
    this.#gathering = 'none';
    const frame = this.#frames.at(-1)!;
    this.#path.push(key);
    if (frame.node.children.has(key)) {
      if (frame.seen.has(key)) throw this.#error(`${this.#pointer()} is there twice`);
      frame.seen.add(key);
    }
    this.#expected = 'colon';
  }

  #finishValue(): void {
    const isSkipped = this.#isSkipping;
    const value = isSkipped ? null : this.#parse(false);
    this.#isSkipping = false;
    this.#gathering = 'none';
    if (!isSkipped) this.#handler.value(this.#path, value);
    this.#afterValue();
  }

  #deliverElements(): void {
    const frame = this.#frames.at(-1)!;
    const elements = this.#parse(true) as unknown[];
    // `[1,` and `]` in two chunks would look like an empty run.
    if (elements.length === 0 && this.#isAfterComma) {
      throw this.#error('it is not JSON: a comma and then no value');
    }
    this.#path.push(frame.index);
    for (let i = 0; i < elements.length; i++) {
      this.#path[this.#path.length - 1] = frame.index + i;
      this.#handler.value(this.#path, elements[i]);
    }
    this.#path.pop();
    frame.index += elements.length;
  }

  /** The value of what was gathered; with brackets around it, when it is a run of elements. */
  #parse(isRun: boolean): unknown {
    const parts = isRun ? [OPEN, ...this.#parts, CLOSE] : this.#parts;
    const text = decoder.decode(joined(parts.length > 0 ? parts : NOTHING));
    this.#parts = [];
    try {
      return JSON.parse(text);
    } catch (error) {
      throw this.#syntaxError(text, isRun ? 1 : 0, error as SyntaxError);
    }
  }

  #syntaxError(text: string, shift: number, error: SyntaxError): ReportError {
    const { cause, position } = jsonFault(text, error);
    const before = text.slice(shift, Math.max(shift, position));
    const newlines = before.split('\n').length - 1;
    const column =
      newlines === 0 ? this.#startColumn + before.length : before.length - before.lastIndexOf('\n');
    return new ReportError('report-malformed', `it is not JSON: ${cause}`, {
      line: this.#startLine + newlines,
      column,
    });
  }

  #unexpected(chunk: Uint8Array, at: number, wanted: string): ReportError {
    const found = decoder.decode(chunk.subarray(at, at + 12)).split(/\s/)[0] ?? '';
    return this.#error(
      `it is not JSON: ${JSON.stringify(found)} where ${wanted} should be`,
      'report-malformed',
      at,
    );
  }

  #tooDeep(at: number): ReportError {
    return this.#error(`values are nested more than ${DEPTH_MAX} deep`, 'report-refused', at);
  }

  #error(
    message: string,
    code: 'report-malformed' | 'report-refused' = 'report-malformed',
    at = 0,
  ): ReportError {
    return new ReportError(code, message, {
      line: this.#line,
      column: Math.max(1, this.#offset + at - this.#lineOffset + 1),
    });
  }
}

function utf16(): ReportError {
  return new ReportError('report-malformed', 'it is UTF-16 text', {
    line: 1,
    column: 1,
    suggestion: 'let the tool write the file itself, in UTF-8; in PowerShell: | Out-File -Encoding utf8',
  });
}

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
const NOTHING = [new Uint8Array(0)];
const OPEN = Uint8Array.of(0x5b);
const CLOSE = Uint8Array.of(0x5d);

/** `/runs/0/results/3`, escaped as RFC 6901 says. */
export function pointerOf(path: JsonPath): string {
  return path.map((key) => `/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

function isOpening(byte: number): boolean {
  return byte === 0x7b || byte === 0x5b;
}

function childOf(node: Node, key: string | number): Node | null {
  return node.children.get(key) ?? node.children.get('*') ?? null;
}

function trie({ split, skip = [] }: JsonHandler): Node {
  const root: Node = { children: new Map(), isSplit: true, isSkipped: false };
  const nodeAt = (path: JsonPath, isOnWay: boolean): Node => {
    let node = root;
    for (const key of path) {
      if (isOnWay) node.isSplit = true;
      let next = node.children.get(key);
      if (!next) {
        next = { children: new Map(), isSplit: false, isSkipped: false };
        node.children.set(key, next);
      }
      node = next;
    }
    return node;
  };
  for (const path of split) nodeAt(path, true).isSplit = true;
  for (const path of skip) nodeAt(path, true).isSkipped = true;
  return root;
}
