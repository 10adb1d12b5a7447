import { type FileHandle, open, readFile, stat } from 'node:fs/promises';
import { type IndexRecord, readRecords } from './index-record.ts';
import { countNewlines } from './newlines.ts';
import { indexFile } from './paths.ts';

export { readLogTail } from './tail.ts';

const BLOCK_BYTES = 64 * 1024;
const POLL_MS = 100;
const NEWLINE = 10;

export interface LogLine {
  /** From 1. */
  readonly line: number;
  /** When its first byte arrived, in ms since 1970. */
  readonly atMs: number;
  /** Without its end. Invalid UTF-8 became U+FFFD; control characters are still in it (see `safeForTerminal`). */
  readonly text: string;
}

export interface ReadLogOptions {
  /** The first line to give; 1 when not given. */
  readonly fromLine?: number;
  /** Only so many of the last lines. */
  readonly tail?: number;
  /** Goes on as the log grows, until this signal says that the step is over; then gives what is left and ends. */
  readonly follow?: AbortSignal;
}

/** The lines of a log. A log that does not exist (yet) has none. Reads block by block, whatever the size. */
export async function* readLog(file: string, options: ReadLogOptions = {}): AsyncGenerator<LogLine> {
  const { follow } = options;
  const log = await openWhenThere(file, follow);
  if (!log) return;
  try {
    const index = new IndexReader(file);
    await index.refresh();
    const fromLine = Math.max(1, options.fromLine ?? 1, await firstOfTail(log, index, options.tail));
    const start = index.before(fromLine);
    const lines = new LineCutter(start);
    const block = Buffer.allocUnsafe(BLOCK_BYTES);
    let offset = start.offset;
    for (;;) {
      // Asked before reading: what is written until the step is over is then seen by this or one more read.
      const isLastRound = !follow || follow.aborted;
      const { bytesRead } = await log.read(block, 0, BLOCK_BYTES, offset);
      offset += bytesRead;
      for (const cut of lines.cut(block.subarray(0, bytesRead)))
        if (cut.line >= fromLine) yield index.timed(cut);
      if (bytesRead > 0) continue;
      if (isLastRound) break;
      await pause(follow);
      await index.refresh();
    }
    const rest = lines.rest();
    if (rest && rest.line >= fromLine) yield index.timed(rest);
  } finally {
    await log.close();
  }
}

interface CutLine {
  readonly line: number;
  readonly offset: number;
  readonly bytes: Buffer;
}

/** Cuts a stream of blocks into lines. */
class LineCutter {
  #line: number;
  #offset: number;
  #open: Buffer[] = [];

  constructor(start: { readonly offset: number; readonly line: number }) {
    this.#line = start.line;
    this.#offset = start.offset;
  }

  *cut(block: Buffer): Generator<CutLine> {
    let from = 0;
    for (let end = block.indexOf(NEWLINE); end !== -1; end = block.indexOf(NEWLINE, from)) {
      const bytes = Buffer.concat([...this.#open, block.subarray(from, end)]);
      this.#open = [];
      yield this.#next(bytes, 1);
      from = end + 1;
    }
    if (from < block.length) this.#open.push(Buffer.from(block.subarray(from)));
  }

  rest(): CutLine | null {
    return this.#open.length === 0 ? null : this.#next(Buffer.concat(this.#open), 0);
  }

  #next(bytes: Buffer, endBytes: number): CutLine {
    const cut = { line: this.#line, offset: this.#offset, bytes };
    this.#line++;
    this.#offset += bytes.length + endBytes;
    return cut;
  }
}

/** The index of a log as far as it is written, and a cursor that moves along with the reader. */
class IndexReader {
  readonly #log: string;
  #records: readonly IndexRecord[] = [];
  #cursor = 0;
  #fallbackMs = 0;

  constructor(log: string) {
    this.#log = log;
  }

  async refresh(): Promise<void> {
    const bytes = await readFile(indexFile(this.#log)).catch(() => Buffer.alloc(0));
    this.#records = readRecords(bytes);
    if (this.#records.length === 0) this.#fallbackMs = (await stat(this.#log)).mtimeMs;
  }

  get last(): IndexRecord {
    return this.#records.at(-1) ?? { offset: 0, line: 1, atMs: this.#fallbackMs };
  }

  /** A place at a line's beginning, not behind the wanted line, from where lines can be counted. */
  before(line: number): { readonly offset: number; readonly line: number } {
    // A record may stand in the middle of its line; the lines behind that one begin behind it.
    let found: { offset: number; line: number } = { offset: 0, line: 1 };
    for (const record of this.#records) {
      if (record.line >= line) break;
      found = record;
    }
    return found;
  }

  timed(cut: CutLine): LogLine {
    while (this.#cursor + 1 < this.#records.length && this.#records[this.#cursor + 1]!.offset <= cut.offset) {
      this.#cursor++;
    }
    const atMs = this.#records[this.#cursor]?.atMs ?? this.#fallbackMs;
    const end = cut.bytes.at(-1) === 13 ? cut.bytes.length - 1 : cut.bytes.length;
    return { line: cut.line, atMs, text: cut.bytes.toString('utf8', 0, end) };
  }
}

/** The number of the line with which the last `tail` lines begin. */
async function firstOfTail(log: FileHandle, index: IndexReader, tail: number | undefined): Promise<number> {
  if (tail === undefined) return 1;
  const { offset, line } = index.last;
  const block = Buffer.allocUnsafe(BLOCK_BYTES);
  let at = offset;
  let lines = line;
  let lastByte = NEWLINE;
  for (;;) {
    const { bytesRead } = await log.read(block, 0, BLOCK_BYTES, at);
    if (bytesRead === 0) break;
    lines += countNewlines(block.subarray(0, bytesRead));
    lastByte = block[bytesRead - 1]!;
    at += bytesRead;
  }
  return lines - tail + (lastByte === NEWLINE ? 0 : 1);
}

async function openWhenThere(file: string, follow: AbortSignal | undefined): Promise<FileHandle | null> {
  for (;;) {
    const isLastRound = !follow || follow.aborted;
    try {
      return await open(file, 'r');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      if (isLastRound) return null;
      await pause(follow);
    }
  }
}

/** A moment, or less when the step is over meanwhile. */
function pause(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, POLL_MS);
    signal.addEventListener('abort', done);
  });
}
