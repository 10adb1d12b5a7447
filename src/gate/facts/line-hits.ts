const HITS_MAX = 2 ** 31 - 1;
const NONE = new Int32Array(0);

/**
 * Where the lines of one file after the other are put first: a report of many files would else spend a third of its time in making
 * room again and again. It belongs to one `LineHits` at a time, which takes its lines along when the next one begins.
 */
const draft = new Int32Array(2 * 4096);
let drafting: LineHits | null = null;

/**
 * How often each line was run: line number -> count. Kept in typed arrays, since a report may have ten million lines.
 * Reports write lines in order, which makes adding one an append; a line out of order goes to a map beside.
 */
export class LineHits {
  /** Line and count in turns. */
  #pairs = NONE;
  #size = 0;
  #others: Map<number, number> | null = null;
  #covered = 0;

  /** Lines that can be run. */
  get total(): number {
    return this.#size + (this.#others?.size ?? 0);
  }

  /** Lines that were run. */
  get covered(): number {
    return this.#covered;
  }

  /** Adds to a line's count (saturating at 2^31 - 1). `line` is 1 to 2^31 - 1, `hits` not negative. */
  add(line: number, hits: number): void {
    const size = this.#size;
    if (size === 0 || line > this.#pairs[2 * size - 2]!) this.#append(line, Math.min(hits, HITS_MAX));
    else this.#addKnown(line, hits);
  }

  /** Makes the line's count at least `hits`, for formats that tell of one line several times. */
  atLeast(line: number, hits: number): void {
    const known = this.get(line);
    if (known === null) this.add(line, hits);
    else if (hits > known) this.add(line, hits - known);
  }

  /** The line's count; null for a line that cannot be run. */
  get(line: number): number | null {
    const index = this.#find(line);
    if (index >= 0) return this.#pairs[2 * index + 1]!;
    return this.#others?.get(line) ?? null;
  }

  /** All lines with their counts; those that came in order first. */
  *entries(): Generator<readonly [line: number, hits: number]> {
    for (let i = 0; i < this.#size; i++) yield [this.#pairs[2 * i]!, this.#pairs[2 * i + 1]!];
    yield* this.#others ?? [];
  }

  #append(line: number, hits: number): void {
    if (this.#others?.has(line)) {
      this.#addOther(line, hits);
      return;
    }
    if (2 * this.#size === this.#pairs.length) this.#grow();
    this.#pairs[2 * this.#size] = line;
    this.#pairs[2 * this.#size++ + 1] = hits;
    if (hits > 0) this.#covered++;
  }

  #grow(): void {
    if (this.#size === 0) {
      if (drafting) drafting.#leaveDraft();
      drafting = this;
      this.#pairs = draft;
      return;
    }
    if (drafting === this) drafting = null;
    this.#pairs = grown(this.#pairs);
  }

  #leaveDraft(): void {
    this.#pairs = this.#pairs.slice(0, 2 * this.#size);
  }

  #addKnown(line: number, hits: number): void {
    const index = this.#find(line);
    if (index < 0) {
      this.#addOther(line, hits);
      return;
    }
    const before = this.#pairs[2 * index + 1]!;
    if (before === 0 && hits > 0) this.#covered++;
    this.#pairs[2 * index + 1] = Math.min(before + hits, HITS_MAX);
  }

  #addOther(line: number, hits: number): void {
    this.#others ??= new Map();
    const before = this.#others.get(line) ?? 0;
    if (before === 0 && hits > 0) this.#covered++;
    this.#others.set(line, Math.min(before + hits, HITS_MAX));
  }

  /** Where the line stands among those in order, or -1. */
  #find(line: number): number {
    let low = 0;
    let high = this.#size - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      const there = this.#pairs[2 * middle]!;
      if (there === line) return middle;
      if (there < line) low = middle + 1;
      else high = middle - 1;
    }
    return -1;
  }
}

function grown(from: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> {
  // Half as much again, but of a huge array a quarter: both are there while one is copied.
  const pairs = from.length / 2;
  const more = pairs > 1_000_000 ? pairs / 4 : pairs / 2;
  const larger = new Int32Array(2 * Math.max(8, Math.ceil(pairs + more)));
  larger.set(from);
  return larger;
}
