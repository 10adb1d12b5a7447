import type { DoubtCode, FactSink } from '../facts/facts.ts';
import { MESSAGE_CHARACTERS_MAX } from '../facts/test-case.ts';

/* Reading values of reports, which may be anything. */

export type JsonRecord = Readonly<Record<string, unknown>>;

/** The object, or an empty one for anything else. */
export function record(value: unknown): JsonRecord {
  return isRecord(value) ? value : EMPTY;
}

const EMPTY: JsonRecord = Object.freeze({});

export function isRecord(value: unknown): value is JsonRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The array, or an empty one for anything else. */
export function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** The string when it is one and not empty, else null. */
export function text(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

/** The number when it is a finite one, else null. */
export function finite(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}

/** A whole number that is not negative, as it stands in XML or text; null for anything else. */
export function wholeNumber(value: string | undefined): number | null {
  return value !== undefined && /^\s*\d{1,15}\s*$/.test(value) ? Number(value) : null;
}

/** A message in one piece and not too long. */
export function messageText(value: string): string {
  const trimmed = value.trim();
  return trimmed.length > MESSAGE_CHARACTERS_MAX ? `${trimmed.slice(0, MESSAGE_CHARACTERS_MAX)}…` : trimmed;
}

/** A path as reports write it, with `/`, without `file://` and `./`. */
export function pathText(value: string): string {
  const path = value.replaceAll('\\', '/');
  const uri = /^file:(\/*)(.*)$/s.exec(path);
  if (!uri) return path.replace(/^(?:\.\/)+/, '');
  const [, slashes, rest] = uri as unknown as [string, string, string];
  return (slashes === '' || /^[A-Za-z]:/.test(rest) ? '' : '/') + decodedUri(rest);
}

function decodedUri(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

/** Adds one to the key's count. For figures such as `by_rule`: the object has no prototype. */
export function tally(counts: Record<string, number>, key: string): void {
  counts[key] = (counts[key] ?? 0) + 1;
}

/** An object for `tally`. */
export function tallies(): Record<string, number> {
  return Object.create(null) as Record<string, number>;
}

const DOUBTS_PER_CODE_MAX = 20;

/** Tells doubts to the sink; of each code only the first ones and then how many more there are. */
export class Doubts {
  readonly #sink: FactSink;
  readonly #counts = new Map<DoubtCode, number>();

  constructor(sink: FactSink) {
    this.#sink = sink;
  }

  add(
    code: DoubtCode,
    message: string,
    at: { readonly line?: number; readonly pointer?: string } = {},
  ): void {
    const count = (this.#counts.get(code) ?? 0) + 1;
    this.#counts.set(code, count);
    if (count > DOUBTS_PER_CODE_MAX) return;
    this.#sink.doubt({ code, message, line: at.line ?? null, pointer: at.pointer ?? null });
  }

  /** Call it at the end. */
  end(): void {
    for (const [code, count] of this.#counts) {
      const more = count - DOUBTS_PER_CODE_MAX;
      if (more > 0) this.#sink.doubt({ code, message: `${more} more of these`, line: null, pointer: null });
    }
  }
}
