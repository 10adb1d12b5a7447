import { type Digest, openDigest } from '../../base/digest.ts';
import type { FactSink } from '../facts/facts.ts';
import { inferParser } from './choose.ts';
import type { Figures, ReportParser, ReportReader } from './contract.ts';
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
 * other work goes on in between.
 */
export async function readReport(
  name: string,
  chunks: AsyncIterable<Uint8Array>,
  parser: ReportParser | null,
  sink: FactSink,
): Promise<ReadReport> {
  const digest = openDigest();
  let bytes = 0;
  let head: Uint8Array[] = [];
  let headBytes = 0;
  let chosen = parser;
  let reader: ReportReader | null = null;
  const begin = (): ReportReader => {
    const beginning = joined(head);
    if (isBlank(beginning)) throw emptyReport();
    chosen ??= inferParser(readHead(name, beginning));
    const opened = chosen.open(sink);
    feed(opened, beginning);
    head = [];
    return opened;
  };
  for await (const chunk of chunks) {
    digest.update(chunk);
    bytes += chunk.length;
    if (reader) {
      feed(reader, chunk);
      continue;
    }
    head.push(chunk);
    headBytes += chunk.length;
    if (headBytes >= HEAD_BYTES_MAX) reader = begin();
  }
  if (bytes === 0) throw emptyReport();
  reader ??= begin();
  const figures = reader.end();
  return { kind: chosen!.kind, figures, digest: digest.end(), bytes };
}

function feed(reader: ReportReader, chunk: Uint8Array): void {
  for (let at = 0; at < chunk.length; at += PIECE_BYTES) reader.write(chunk.subarray(at, at + PIECE_BYTES));
}

function isBlank(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09);
}
