/**
 * Counts which texts come several times, in some 30 bytes for each and without keeping them: a report may hold a million. Two
 * texts are taken for the same when 64 bits of their hashes agree; in a million that is one chance in 30 million.
 */
export class SeenIds {
  #slots = 1024;
  #hashes = new Int32Array(2 * 1024);
  /** Of the text that was hashed last. */
  #high = 0;
  #low = 0;
  /** 0 for a free slot, else `SEEN` and the marks. */
  #marks = new Uint8Array(1024);
  #distinct = 0;
  #repeated = 0;

  /** Different texts so far. */
  get distinct(): number {
    return this.#distinct;
  }

  /** Those of them that came more than once. */
  get repeated(): number {
    return this.#repeated;
  }

  /**
   * Adds a text of two parts with marks of its own (bits 1 to 16). Returns the marks that it had before. The parts are not joined,
   * which would cost as much as their hashes.
   */
  add(first: string, second: string, marks: number): number {
    if (this.#distinct * 2 > this.#slots) this.#grow();
    this.#hash(first, second);
    const [high, low] = [this.#high, this.#low];
    const slot = this.#slotOf(high, low);
    const before = this.#marks[slot]!;
    if (before === 0) {
      this.#distinct++;
      this.#hashes[2 * slot] = high;
      this.#hashes[2 * slot + 1] = low;
    } else if ((before & AGAIN) === 0) this.#repeated++;
    this.#marks[slot] = before | SEEN | (before === 0 ? 0 : AGAIN) | marks;
    return before & ~(SEEN | AGAIN);
  }

  /** Two sums of 32 bits at once over the UTF-16 units, mixed at the end so that each bit of both depends on all. */
  #hash(first: string, second: string): void {
    let [high, low] = [0x9747b28c, 0x1b873593];
    for (let at = 0; at < first.length; at++) {
      const unit = first.charCodeAt(at);
      high = Math.imul(high ^ unit, 0x9e3779b1);
      low = Math.imul(low ^ unit, 0x5f356495);
    }
    high = Math.imul(high ^ PART_END, 0x9e3779b1);
    low = Math.imul(low ^ PART_END, 0x5f356495);
    for (let at = 0; at < second.length; at++) {
      const unit = second.charCodeAt(at);
      high = Math.imul(high ^ unit, 0x9e3779b1);
      low = Math.imul(low ^ unit, 0x5f356495);
    }
    high = Math.imul(high ^ (high >>> 16), 0x85ebca6b) ^ Math.imul(low ^ (low >>> 13), 0xc2b2ae35);
    low = Math.imul(low ^ (low >>> 16), 0x85ebca6b) ^ Math.imul(high ^ (high >>> 13), 0xc2b2ae35);
    this.#high = high;
    this.#low = low;
  }

  #slotOf(high: number, low: number): number {
    const mask = this.#slots - 1;
    let slot = (high ^ low) & mask;
    while (
      this.#marks[slot] !== 0 &&
      (this.#hashes[2 * slot] !== high || this.#hashes[2 * slot + 1] !== low)
    ) {
      slot = (slot + 1) & mask;
    }
    return slot;
  }

  #grow(): void {
    const [hashes, marks] = [this.#hashes, this.#marks];
    this.#slots *= 2;
    this.#hashes = new Int32Array(2 * this.#slots);
    this.#marks = new Uint8Array(this.#slots);
    for (let from = 0; from < marks.length; from++) {
      if (marks[from] === 0) continue;
      const [high, low] = [hashes[2 * from]!, hashes[2 * from + 1]!];
      const slot = this.#slotOf(high, low);
      this.#hashes[2 * slot] = high;
      this.#hashes[2 * slot + 1] = low;
      this.#marks[slot] = marks[from]!;
    }
  }
}

const SEEN = 0x80;
const AGAIN = 0x40;
/** No UTF-16 unit, so that no text can be taken for two parts. */
const PART_END = 0x10000;
