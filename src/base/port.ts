/**
 * The outside world, as the few things the core needs of it. Each has a real and a scripted implementation,
 * so that time and chance are inputs of a test.
 */
export interface Clock {
  /** Wall-clock time in milliseconds since 1970, for showing and for stored deadlines. May jump. */
  now(): number;
  /** Milliseconds from an arbitrary start; never goes back. All durations are measured with it. */
  monotonic(): number;
  /** Calls back once, not before `delayMs` of monotonic time have passed. The returned function cancels it. */
  after(delayMs: number, callback: () => void): () => void;
}

export interface Random {
  /** `count` bytes that cannot be guessed. */
  bytes(count: number): Uint8Array;
}
