const NEWLINE = 10;
/** Of a line that goes on in the next chunk so much is kept. */
const LINE_BYTES_MAX = 64 * 1024;

interface Pattern {
  readonly text: string;
  /** What stands between the wildcards, in this order within one line. */
  readonly parts: readonly Buffer[];
}

/**
 * Notices texts in the output of a step. A pattern is found when its parts stand in one line in their order; `*` stands
 * for any characters between them. No regular expression, so no pattern can make it slow.
 */
export class PatternWatch {
  readonly seen = new Set<string>();
  #open: readonly Pattern[];
  #tail: Buffer = Buffer.alloc(0);

  constructor(patterns: readonly string[]) {
    this.#open = patterns.map((text) => ({
      text,
      parts: text
        .split('*')
        .filter((part) => part !== '')
        .map((part) => Buffer.from(part)),
    }));
  }

  /** Takes the next bytes of the stream; the line at the end is looked at when it is complete. */
  look(bytes: Uint8Array): void {
    if (this.#open.length === 0) return;
    const text =
      this.#tail.length > 0
        ? Buffer.concat([this.#tail, bytes])
        : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    const end = text.lastIndexOf(NEWLINE) + 1;
    if (end > 0) this.#lookAtLines(text.subarray(0, end));
    this.#tail = Buffer.from(text.subarray(Math.max(end, text.length - LINE_BYTES_MAX)));
  }

  /** Nothing follows: the last line is complete without a newline. */
  end(): void {
    this.#lookAtLines(this.#tail);
    this.#tail = Buffer.alloc(0);
  }

  #lookAtLines(lines: Buffer): void {
    for (const pattern of this.#open) if (occurs(pattern.parts, lines)) this.seen.add(pattern.text);
    if (this.seen.size > 0) this.#open = this.#open.filter((pattern) => !this.seen.has(pattern.text));
  }
}

function occurs(parts: readonly Buffer[], lines: Buffer): boolean {
  const longest = parts.reduce((best, part) => (part.length > best.length ? part : best), Buffer.alloc(0));
  if (longest.length === 0) return lines.length > 0;
  for (let at = lines.indexOf(longest); at !== -1; ) {
    const from = at === 0 ? 0 : lines.lastIndexOf(NEWLINE, at - 1) + 1;
    const to = lines.indexOf(NEWLINE, at);
    const line = lines.subarray(from, to === -1 ? lines.length : to);
    if (standInOrder(parts, line)) return true;
    if (to === -1) return false;
    at = lines.indexOf(longest, to + 1);
  }
  return false;
}

function standInOrder(parts: readonly Buffer[], line: Buffer): boolean {
  let from = 0;
  for (const part of parts) {
    const at = line.indexOf(part, from);
    if (at === -1) return false;
    from = at + part.length;
  }
  return true;
}
