import type { Matcher } from '../../base/matcher.ts';

const MASK = Buffer.from('***');
const NOTHING = Buffer.alloc(0);

/** Takes bytes that may be shown. They are only valid during the call. */
export type Masked = (bytes: Uint8Array) => void;

/**
 * Replaces secrets in a stream of bytes, also when they are cut by the borders of its chunks. Held back is only what may
 * still become a secret, at most one byte less than the longest form. Secrets that overlap or touch become one `***`.
 */
export class Masker {
  #matcher: Matcher | null;
  /** Held bytes, followed by the chunk at hand. */
  #buffer: Buffer = NOTHING;
  /** Where masked text is put together; kept, because a new one for each chunk costs more than the masking. */
  #masked: Buffer = NOTHING;
  #held = 0;
  /** So many of the held bytes belong to a secret whose `***` was already given out. */
  #covered = 0;
  #hits: [number, number][] = [];

  /** null: there is nothing to mask. */
  constructor(matcher: Matcher | null) {
    this.#matcher = matcher;
  }

  /** From here on these are the secrets; what is held is looked at again with them. */
  lookFor(matcher: Matcher): void {
    this.#matcher = matcher;
  }

  /** How many bytes wait for what follows. */
  get heldBytes(): number {
    return this.#held;
  }

  /** Gives `out` what is certain after this chunk, as few pieces as may be. */
  write(chunk: Uint8Array, out: Masked): void {
    if (this.#matcher === null) {
      out(chunk);
      return;
    }
    const end = this.#held + chunk.length;
    if (this.#buffer.length < end) this.#grow(end);
    this.#buffer.set(chunk, this.#held);
    this.#hits.length = 0;
    const open = this.#matcher.scan(this.#buffer, end, this.#note);
    this.#give(end, open, out);
  }

  /** No more will come: what is held can no longer grow into a longer secret, but may hold a shorter, complete one. */
  flush(out: Masked): void {
    if (this.#held === 0) return;
    const end = this.#held;
    this.#hits.length = 0;
    this.#matcher?.scan(this.#buffer, end, this.#note);
    this.#give(end, end, out);
    this.#covered = 0;
  }

  readonly #note = (_pattern: number, start: number, end: number): void => {
    this.#hits.push([start, end]);
  };

  #grow(size: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.max(size + 4096, 4096));
    larger.set(this.#buffer.subarray(0, this.#held));
    this.#buffer = larger;
  }

  /** Everything before `open` is decided; what is not part of a hit goes out as it is. */
  #give(end: number, open: number, out: Masked): void {
    let at = this.#covered;
    if (this.#hits.length > 0) at = this.#giveMasked(open, out);
    if (at < open) out(this.#buffer.subarray(at, open));
    this.#covered = Math.max(0, at - open);
    this.#buffer.copyWithin(0, open, end);
    this.#held = end - open;
  }

  /** Puts `***` for each hit, in one buffer. Returns where the last hit ends. */
  #giveMasked(open: number, out: Masked): number {
    const hits = this.#hits.sort((a, b) => a[0] - b[0]);
    // A hit is at least three bytes long and becomes three, so the text never grows.
    if (this.#masked.length < open + MASK.length)
      this.#masked = Buffer.allocUnsafeSlow(this.#buffer.length + MASK.length);
    const text = this.#masked;
    let length = 0;
    let at = this.#covered;
    let merging = at > 0;
    for (const [start, end] of hits) {
      if (start >= open) break; // It is held, and found again with what follows.
      if (start > at || !merging) {
        this.#buffer.copy(text, length, at, start);
        length += start - at;
        MASK.copy(text, length);
        length += MASK.length;
      }
      merging = true;
      if (end > at) at = end;
    }
    if (length > 0) out(text.subarray(0, length));
    return at;
  }
}
