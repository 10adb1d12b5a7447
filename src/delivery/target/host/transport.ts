import type { Readable } from 'node:stream';

/** Brings a request to a host's agent and its answer back: a process of this machine, or a connection. */
export interface HostTransport {
  /**
   * Starts perl with `words` on the host and gives it `input`, then `content`. It goes on when nobody waits any more. Never rejects.
   */
  exchange(
    words: readonly string[],
    input: Uint8Array,
    content: Readable | null,
    timeoutMs: number,
  ): Promise<Exchanged>;
  close(): Promise<void>;
}

export interface Exchanged {
  readonly output: Buffer;
  /** The last line that was complained of. */
  readonly complaint: string;
  /** Why the answer may not be complete; null: perl has ended. */
  readonly trouble: Trouble | null;
}

export interface Trouble {
  /** It is certain that perl was never started. */
  readonly isCertain: boolean;
  /** Ends with what to do when it is certain. */
  readonly reason: string;
}
