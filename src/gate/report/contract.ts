import type { JsonObject } from '../../base/json.ts';
import type { FactSink } from '../facts/facts.ts';

/**
 * Reads one kind of report. Pure: it is given bytes and gives facts.
 * A parser is tolerant of what a tool adds and strict about what it is: an unknown field is nothing, but what has none of the
 * format's content is a `ReportError`, never "nothing found".
 */
export interface ReportParser {
  /** As written in `--kind` and in `reports:`. */
  readonly kind: string;
  /** What it is, for people: `JUnit XML test results`. */
  readonly title: string;
  /** How sure it is that a file is of this kind, from its name and beginning: 0 for no, 1 for certain. See `CERTAIN`, ... */
  infer(head: ReportHead): number;
  /** Begins to read one report. What is read goes to `sink` at once. */
  open(sink: FactSink): ReportReader;
}

/** Content that only this kind has: a root element, a marker. */
export const CERTAIN = 1;
/** Content that this kind has and others may have too. */
export const LIKELY = 0.6;
/** Only the name, or content that says little. */
export const POSSIBLE = 0.3;

/**
 * Takes the bytes of one report in order, in chunks of any size, then `end`. One `write` of 64 KiB takes a few milliseconds.
 * Both throw `ReportError`; after that the reader is not used any more.
 */
export interface ReportReader {
  write(chunk: Uint8Array): void;
  /**
   * Does a few milliseconds of what was put off, and returns whether more of it is left. Call it after each `write`, as often as it
   * returns true, with turns for others in between; `end` does the rest at once.
   */
  drain?(): boolean;
  /** All bytes were given. */
  end(): Figures;
}

/** The counts of a report, under the names that its kind has. Plain data. */
export type Figures = JsonObject;

/** The beginning of a file, looked at once for all parsers. */
export interface ReportHead {
  /** The file's name without folders, in lower case. */
  readonly name: string;
  /** At most the first 64 KiB, decoded. */
  readonly text: string;
  /** Local name of the root element when it looks like XML; null otherwise. */
  readonly xmlRoot: string | null;
  /** When it looks like JSON: `object`, `array`, or `lines` for one object a line; null otherwise. */
  readonly json: 'object' | 'array' | 'lines' | null;
  /** Keys of the outermost object, or of an array's or a file's first object, as far as the head goes. */
  readonly jsonKeys: ReadonlySet<string>;
}

/** Why a file is no report of the kind it should be, and where. */
export class ReportError extends Error {
  readonly code: ReportErrorCode;
  /** Both count from 1; null where there is none. */
  readonly line: number | null;
  readonly column: number | null;
  /** JSON pointer, for what is valid JSON with wrong content; null otherwise. */
  readonly pointer: string | null;
  /** What to do about it; null when the message says all. */
  readonly suggestion: string | null;
  /** When the tool wrote of its own failure: its figures. */
  readonly figures: Figures | null;
  /** The kind that it was read as; null as long as that is not known. Set by `readReport`. */
  kind: string | null = null;

  /** `message` is one sentence without a full stop. */
  constructor(code: ReportErrorCode, message: string, at: ReportErrorDetail = {}) {
    super(message);
    this.name = 'ReportError';
    this.code = code;
    this.line = at.line ?? null;
    this.column = at.column ?? null;
    this.pointer = at.pointer ?? null;
    this.suggestion = at.suggestion ?? null;
    this.figures = at.figures ?? null;
  }
}

export type ReportErrorCode =
  /** No bytes, or only white space. */
  | 'report-empty'
  /** Not the syntax of its format: broken XML or JSON, binary, cut off. */
  | 'report-malformed'
  /** The right syntax but of something else. */
  | 'report-not-this-kind'
  /** The right format with a value that cannot be. */
  | 'report-value'
  /** The tool wrote that it could not do its work. */
  | 'report-tool-error'
  /** A version of the format that is not known. */
  | 'report-version'
  /** Entities, or more than any honest report has. */
  | 'report-refused'
  /** Its kind cannot be told, or could be several. */
  | 'report-kind-unknown';

export interface ReportErrorDetail {
  readonly line?: number | null;
  readonly column?: number | null;
  readonly pointer?: string | null;
  readonly suggestion?: string;
  readonly figures?: Figures;
}
