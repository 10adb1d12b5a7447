/** Bytes of a stream, taken in pieces of known size. */
export class ByteSource {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #present: Buffer = Buffer.alloc(0);

  constructor(chunks: AsyncIterable<Uint8Array>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  /** Exactly so many bytes; fewer only at the end of the stream. */
  async take(count: number): Promise<Buffer> {
    if (this.#present.length >= count) return this.#cut(count);
    const parts = [this.#present];
    let length = this.#present.length;
    while (length < count) {
      const next = await this.#chunks.next();
      if (next.done) break;
      parts.push(Buffer.from(next.value.buffer, next.value.byteOffset, next.value.byteLength));
      length += next.value.length;
    }
    this.#present = Buffer.concat(parts);
    return this.#cut(count);
  }

  /** Whatever is there next, at most so many bytes; empty at the end of the stream. */
  async some(max: number): Promise<Buffer> {
    return this.#present.length > 0 ? this.#cut(max) : this.take(Math.min(max, 65_536));
  }

  #cut(count: number): Buffer {
    const cut = this.#present.subarray(0, count);
    this.#present = this.#present.subarray(count);
    return cut;
  }
}
