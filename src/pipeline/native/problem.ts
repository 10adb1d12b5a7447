import type { Diagnostic, Place } from '../../base/diagnostic.ts';
import { nearestName } from '../../base/near.ts';
import { visible } from '../../base/text.ts';
import { withoutUserinfo } from '../../base/userinfo.ts';
import { keyPathOf, type Node, placeOf, type Span } from './node.ts';

interface Extra {
  readonly suggestion?: string;
  readonly related?: readonly { readonly message: string; readonly at: Span }[];
}

/** More problems than anybody reads at once; the rest is counted. */
const SHOWN_MAX = 200;
/** With more names than this nobody is told a near one. */
const NAMES_MAX = 2000;

/** Collects what is wrong with a definition. The same problem met twice (a value with two aliases) is kept once. */
export class Problems {
  readonly #file: string;
  readonly #found = new Map<string, Diagnostic>();
  #left = 0;

  /** `file` is the main one; its problems are listed first. */
  constructor(file: string) {
    this.#file = file;
  }

  error(code: string, at: Span | Node, message: string, extra: Extra = {}): void {
    this.#add('error', code, at, message, extra);
  }

  warn(code: string, at: Span | Node, message: string, extra: Extra = {}): void {
    this.#add('warning', code, at, message, extra);
  }

  /** The name that was probably meant; null too when there are so many names or problems that asking would take long. */
  near(name: string, known: readonly string[]): string | null {
    return known.length > NAMES_MAX || this.#found.size >= SHOWN_MAX ? null : nearestName(name, known);
  }

  /** In the order of the files and their lines. */
  list(): Diagnostic[] {
    const all = [...this.#found.values()];
    const files = [...new Set([this.#file, ...all.map((one) => one.place?.file ?? '')])];
    all.sort(
      (a, b) =>
        files.indexOf(a.place?.file ?? '') - files.indexOf(b.place?.file ?? '') ||
        (a.place?.start.line ?? 0) - (b.place?.start.line ?? 0) ||
        (a.place?.start.column ?? 0) - (b.place?.start.column ?? 0),
    );
    if (this.#left > 0) {
      all.push({
        severity: 'error',
        code: 'too-many-problems',
        message: `there are ${this.#left} more problems; repair these first`,
      });
    }
    return all;
  }

  get errors(): boolean {
    return this.#left > 0 || [...this.#found.values()].some((one) => one.severity === 'error');
  }

  /** What was found when the source text was out of sight. */
  placed(
    severity: 'error' | 'warning',
    code: string,
    place: Place,
    message: string,
    suggestion?: string,
  ): void {
    this.#keep(severity, code, place, visible(message), [], suggestion);
  }

  #add(severity: 'error' | 'warning', code: string, at: Span | Node, message: string, extra: Extra): void {
    const place = placeOf(at);
    const keyPath = keyPathOf(at);
    const related = (extra.related ?? []).map((one) => ({
      message: visible(one.message),
      place: placeOf(one.at),
    }));
    const alias = 'alias' in at ? at.alias : null;
    if (alias) related.push({ message: 'the value is used here through an alias', place: placeOf(alias) });
    const text = visible(keyPath ? `${keyPath}: ${message}` : message);
    this.#keep(severity, code, place, text, related, extra.suggestion);
  }

  #keep(
    severity: 'error' | 'warning',
    code: string,
    place: Place,
    text: string,
    related: Related,
    advice: string | undefined,
  ): void {
    const id = `${code} ${place.file}:${place.start.line}:${place.start.column} ${text}`;
    const before = this.#found.get(id);
    if (before) {
      this.#found.set(id, { ...before, related: joined(before.related ?? [], related) });
      return;
    }
    if (this.#found.size >= SHOWN_MAX) {
      if (severity === 'error') this.#left++;
      return;
    }
    const suggestion = advice === undefined ? undefined : visible(advice);
    this.#found.set(id, {
      severity,
      code,
      message: text,
      place,
      ...(related.length > 0 ? { related } : {}),
      ...(suggestion === undefined ? {} : { suggestion }),
    });
  }
}

type Related = NonNullable<Diagnostic['related']>;

function joined(first: Related, second: Related): Related {
  const key = (one: Related[number]) => `${one.place.file}:${one.place.start.line}:${one.place.start.column}`;
  const seen = new Set(first.map(key));
  return [...first, ...second.filter((one) => !seen.has(key(one)))].slice(0, 8);
}

/** A value as it may stand in a message: one line, not longer than 60 characters. */
export function shown(value: unknown): string {
  const text = typeof value === 'string' ? value : String(value);
  const masked = withoutUserinfo(text);
  const short = masked.length > 60 ? `${masked.slice(0, 57)}...` : masked;
  return `\`${visible(short)}\``;
}
