/** What became of measuring: a value that can be judged, or the reason why there is none. */
export type Measurement = Measured | Unmeasured;

export interface Measured {
  readonly kind: 'measured';
  readonly value: number;
  /** How many things it was measured on, in the metric's own word; null when that means nothing. */
  readonly sample: number | null;
  /** The most telling rows behind it, worst first, and how many there are. */
  readonly rows: () => Rows;
  /** What would bring it to the limit, as it follows a full stop: `3 more covered lines in src/a.ts would pass`. */
  readonly wayOut: (limit: Limit) => string | null;
  /** What a reader must know beside the value. */
  readonly notes: readonly string[];
}

export interface Unmeasured {
  readonly kind: 'unmeasured';
  readonly reason: UnmeasuredReason;
  /** One sentence without a full stop. */
  readonly sentence: string;
  /** What to do, or null. */
  readonly wayOut: string | null;
  /** It is at least this: what the believable part of the evidence says already. null: not known. */
  readonly atLeast: number | null;
}

export type UnmeasuredReason =
  /** No report tells of it. */
  | 'missing'
  /** The report is of another commit, or older than the run. */
  | 'stale'
  /** There is a report, and it cannot be read. */
  | 'broken'
  /** It was read, and cannot be believed. */
  | 'doubtful'
  /** It tells of nothing: no test, no line, 0 of 0. */
  | 'empty'
  /** The expression itself is wrong. */
  | 'invalid'
  /** There is nothing of the target branch to compare with. */
  | 'no-base'
  /** This change does not concern it; no lack of evidence. */
  | 'not-applicable';

export interface Limit {
  readonly kind: 'at-least' | 'at-most';
  readonly value: number;
}

/** One thing behind a value: a finding, a file, a test. */
export interface EvidenceRow {
  readonly kind: 'finding' | 'lines' | 'test' | 'mutant' | 'benchmark' | 'component' | 'number' | 'job';
  /** One line for people. */
  readonly text: string;
  readonly path: string | null;
  readonly line: number | null;
  /** What a waiver can name it by; null where there is nothing. */
  readonly fingerprint: string | null;
}

export interface Rows {
  readonly shown: readonly EvidenceRow[];
  readonly total: number;
}

/** So many rows are shown. */
export const ROWS_MAX = 20;
const NO_ROWS: Rows = { shown: [], total: 0 };

/** A measured value with what was not given left empty. A value that is no finite number is none. */
export function measured(value: number, sample: number | null, more: Partial<Measured> = {}): Measurement {
  if (!Number.isFinite(value)) return unmeasured('empty', 'it has no value: nothing was divided by nothing');
  return { kind: 'measured', value, sample, rows: () => NO_ROWS, wayOut: () => null, notes: [], ...more };
}

export function unmeasured(
  reason: UnmeasuredReason,
  sentence: string,
  wayOut: string | null = null,
  atLeast: number | null = null,
): Unmeasured {
  return { kind: 'unmeasured', reason, sentence, wayOut, atLeast };
}

/** Percent of a whole; `empty` when there is no whole. `noun` names what there is none of. */
export function percentOf(
  part: number,
  whole: number,
  noun: string,
  more: Partial<Measured> = {},
): Measurement {
  if (whole === 0) return unmeasured('empty', `there is no ${noun}`);
  return measured((100 * part) / whole, whole, more);
}

/** The first items in the given order as rows. `compare` must order any two, so that the order of the facts does not show. */
export function firstRows<T>(
  items: Iterable<T>,
  compare: (a: T, b: T) => number,
  rowOf: (item: T) => EvidenceRow,
): Rows {
  const { shown, total } = firstItems(items, compare);
  return { shown: shown.map(rowOf), total };
}

/** The first items without sorting all of them, and how many there are: 100,000 findings are walked once. */
export function firstItems<T>(
  items: Iterable<T>,
  compare: (a: T, b: T) => number,
): { readonly shown: readonly T[]; readonly total: number } {
  const first: T[] = [];
  let total = 0;
  for (const item of items) {
    total++;
    if (first.length === ROWS_MAX && compare(item, first[ROWS_MAX - 1]!) >= 0) continue;
    let at = first.length;
    while (at > 0 && compare(item, first[at - 1]!) < 0) at--;
    first.splice(at, 0, item);
    if (first.length > ROWS_MAX) first.pop();
  }
  return { shown: first, total };
}

/** Orders texts by their units, the same on every machine. */
export function compareText(a: string, b: string): number {
  if (a > b) return 1;
  return a < b ? -1 : 0;
}
