import { type Digest, openDigest } from '../../base/digest.ts';
import type { FactSink } from '../facts/facts.ts';
import { inferParser } from './choose.ts';
import { type Figures, ReportError, type ReportParser, type ReportReader } from './contract.ts';
import { HEAD_BYTES_MAX, readHead } from './head.ts';
import { joined } from './text-decoder.ts';
import { emptyReport } from './xml-reader.ts';

/** What is known of a report once it is read. Its facts went to the sink. */
export interface ReadReport {
  readonly kind: string;
  readonly figures: Figures;
  /** Of all its bytes. */
  readonly digest: Digest;
  readonly bytes: number;
}

/** At once in a parser: a few milliseconds of work. */
const PIECE_BYTES = 65_536;

/**
 * Reads one report from its bytes. `parser` is null when its kind is to be told from name and content. Rejects with `ReportError` for what is no report. Give chunks as they come from a file, so that
 * other work goes on in between; `turn` lets it go on where a parser has put work off.
 */
export async function readReport(
  name: string,
  chunks: AsyncIterable<Uint8Array>,
  parser: ReportParser | null,
  sink: FactSink,
  turn: () => Promise<unknown> = () => Promise.resolve(),
): Promise<ReadReport> {
  const reading = new Reading(name, parser, sink);
  try {
    for await (const chunk of chunks) {
      for (let at = 0; at < chunk.length; at += PIECE_BYTES) {
        reading.write(chunk.subarray(at, at + PIECE_BYTES));
        while (reading.drain()) await turn();
      }
    }
    return reading.end();
  } catch (error) {
    if (error instanceof ReportError) error.kind = reading.kind;
    throw error;
  }
}

class Reading {
  readonly #name: string;
  readonly #sink: FactSink;
  readonly #digest = openDigest();
  #parser: ReportParser | null;
  #reader: ReportReader | null = null;
  #head: Uint8Array[] = [];
  #bytes = 0;

  constructor(name: string, parser: ReportParser | null, sink: FactSink) {
    this.#name = name;
    this.#parser = parser;
    this.#sink = sink;
  }

  get kind(): string | null {
    return this.#parser?.kind ?? null;
  }

  write(chunk: Uint8Array): void {
    this.#digest.update(chunk);
    this.#bytes += chunk.length;
    if (this.#reader) {
      feed(this.#reader, chunk);
      return;
    }
    this.#head.push(chunk);
    if (this.#bytes >= HEAD_BYTES_MAX) this.#begin();
  }

  /** Whether work is left that the parser has put off. */
  drain(): boolean {
    return this.#reader?.drain?.() ?? false;
  }

  end(): ReadReport {
    if (!this.#reader) this.#begin();
    const figures = this.#reader!.end();
    return { kind: this.#parser!.kind, figures, digest: this.#digest.end(), bytes: this.#bytes };
  }

  #begin(): void {
    const beginning = this.#head.length > 0 ? joined(this.#head) : new Uint8Array(0);
    if (isBlank(beginning)) throw emptyReport();
    this.#parser ??= inferParser(readHead(this.#name, beginning));
    this.#reader = this.#parser.open(this.#sink);
    this.#head = [];
    feed(this.#reader, beginning);
  }
}

function feed(reader: ReportReader, chunk: Uint8Array): void {
  for (let at = 0; at < chunk.length; at += PIECE_BYTES) reader.write(chunk.subarray(at, at + PIECE_BYTES));
}

function isBlank(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09);
}
