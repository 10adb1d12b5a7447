/** Lines of a file, from 1, as ranges in ascending order that do not touch. */
export class LineRanges {
  readonly #starts: number[] = [];
  readonly #ends: number[] = [];
  #count = 0;

  /** How many lines there are. */
  get count(): number {
    return this.#count;
  }

  /** Adds a line that is not before any that was added. */
  add(line: number): void {
    const last = this.#ends.length - 1;
    if (last >= 0 && line <= this.#ends[last]!) return;
    this.#count++;
    if (last >= 0 && line === this.#ends[last]! + 1) {
      this.#ends[last] = line;
      return;
    }
    this.#starts.push(line);
    this.#ends.push(line);
  }

  has(line: number): boolean {
    let low = 0;
    let high = this.#starts.length - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      if (line < this.#starts[middle]!) high = middle - 1;
      else if (line > this.#ends[middle]!) low = middle + 1;
      else return true;
    }
    return false;
  }

  *[Symbol.iterator](): Generator<number> {
    for (let i = 0; i < this.#starts.length; i++)
      for (let line = this.#starts[i]!; line <= this.#ends[i]!; line++) yield line;
  }
}
