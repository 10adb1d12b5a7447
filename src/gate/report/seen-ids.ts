/**
 * Counts which texts come several times, in 10 bytes for each and without keeping them: a report may hold a million. Two
 * texts are taken for the same when 64 bits of their hashes agree; in a million that is one chance in 30 million.
 */
export class SeenIds {
  #slots = 1024;
  #hashes = new Uint32Array(2 * 1024);
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

  /** Adds a text with marks of its own (bits 1 to 16). Returns the marks that it had before. */
  add(text: string, marks: number): number {
    if (this.#distinct * 2 > this.#slots) this.#grow();
    const high = hash(text, 0x9747b28c);
    const low = hash(text, 0x1b873593);
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
    this.#hashes = new Uint32Array(2 * this.#slots);
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

/** Murmur 3, 32 bits, over UTF-16 units. */
function hash(text: string, seed: number): number {
  let state = seed;
  for (let i = 0; i < text.length; i++) {
    let unit = Math.imul(text.charCodeAt(i), 0xcc9e2d51);
    unit = (unit << 15) | (unit >>> 17);
    state ^= Math.imul(unit, 0x1b873593);
    state = (state << 13) | (state >>> 19);
    state = (Math.imul(state, 5) + 0xe6546b64) | 0;
  }
  state ^= text.length;
  state = Math.imul(state ^ (state >>> 16), 0x85ebca6b);
  state = Math.imul(state ^ (state >>> 13), 0xc2b2ae35);
  return (state ^ (state >>> 16)) >>> 0;
}
