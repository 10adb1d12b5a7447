const CHUNK = 64;

/**
 * An immutable array with cheap single changes: `with` copies one chunk of 64 and the list of chunks, so a change in
 * 10,000 elements costs some 220 pointer copies. The engine's state is made of these, which keeps `decide` pure and quick.
 */
export class ChunkedArray<T> {
  readonly length: number;
  readonly #chunks: readonly (readonly T[])[];

  private constructor(chunks: readonly (readonly T[])[], length: number) {
    this.#chunks = chunks;
    this.length = length;
  }

  static from<T>(items: readonly T[]): ChunkedArray<T> {
    const chunks: T[][] = [];
    for (let i = 0; i < items.length; i += CHUNK) chunks.push(items.slice(i, i + CHUNK));
    return new ChunkedArray(chunks, items.length);
  }

  at(index: number): T {
    const value = this.#chunks[Math.floor(index / CHUNK)]?.[index % CHUNK];
    if (value === undefined) throw new RangeError(`internal error: no element ${index} of ${this.length}`);
    return value;
  }

  with(index: number, value: T): ChunkedArray<T> {
    this.at(index);
    const which = Math.floor(index / CHUNK);
    const chunks = this.#chunks.slice();
    const chunk = (chunks[which] as readonly T[]).slice();
    chunk[index % CHUNK] = value;
    chunks[which] = chunk;
    return new ChunkedArray(chunks, this.length);
  }

  /** With further elements at the end. */
  concat(items: readonly T[]): ChunkedArray<T> {
    return items.length === 0 ? this : ChunkedArray.from([...this, ...items]);
  }

  *[Symbol.iterator](): Generator<T> {
    for (const chunk of this.#chunks) yield* chunk;
  }

  toJSON(): T[] {
    return [...this];
  }
}
