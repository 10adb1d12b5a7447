import { closeSync, constants as open, openSync, readSync } from 'node:fs';
import { Socket } from 'node:net';

import type { Clock } from '../../base/port.ts';
import type { OutputSink } from '../contract.ts';

const CHUNK_BYTES = 262_144;
/** The most a FIFO can be made to hold without privilege: what was written before an exit is within it. */
const FIFO_MAX_BYTES = 1_048_576;
const OPEN_AGAIN_MS = 50;
/** What opening a FIFO for writing says when nobody has it open for reading. */
const NO_READER = 'ENXIO';

const scratch = Buffer.allocUnsafe(CHUNK_BYTES);

/**
 * Reads a step's FIFO into its sink. A step that is over within milliseconds is read without making a stream; a longer one
 * is followed as output comes. While the sink's promise is pending nothing is read, so the FIFO fills and the step waits.
 */
export class StepOutput {
  readonly #path: string;
  readonly #sink: OutputSink;
  readonly #clock: Clock;
  #socket: Socket | null = null;
  #fd: number | null = null;
  #sinkBusy: Promise<void> | null = null;
  #held = false;
  #stopped = false;
  #isLost = false;
  #atEnd!: () => void;
  /** Resolves when the stream is at its end or was stopped. */
  readonly end = new Promise<void>((resolve) => {
    this.#atEnd = resolve;
  });

  constructor(path: string, sink: OutputSink, clock: Clock) {
    this.#path = path;
    this.#sink = sink;
    this.#clock = clock;
  }

  /** Whether what was written before the FIFO was opened here is gone. */
  get isLost(): boolean {
    return this.#isLost;
  }

  /** Hands on output as it comes, from now on. */
  async follow(): Promise<void> {
    if (await this.#open()) this.#startSocket();
  }

  /**
   * After the step's own process is over: hands on all that is there, then waits for the end of the stream, for at most
   * `drainMs`. What comes later still goes to the sink, until `stop`.
   */
  async finish(drainMs: number): Promise<void> {
    if (!(await this.#open())) return;
    this.#held = true;
    this.#socket?.pause();
    await this.#untilReady(this.#sinkBusy);
    // At the end of its stream a socket closes the descriptor before it says so.
    if (this.#socket?.destroyed) return this.stop();
    const ended = await this.#readWhatIsThere();
    this.#held = false;
    if (ended) return this.stop();
    this.#startSocket();
    const deadline = Promise.withResolvers<void>();
    const cancel = this.#clock.after(drainMs, deadline.resolve);
    await Promise.race([this.end, deadline.promise]);
    cancel();
    await this.#untilReady(this.#sinkBusy);
  }

  /** Reads no more and frees the descriptor. */
  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    if (this.#socket !== null) this.#socket.destroy();
    else if (this.#fd !== null) closeSync(this.#fd);
    this.#atEnd();
  }

  /** False when there is nothing to read any more. A moment without free descriptors is waited out. */
  async #open(): Promise<boolean> {
    while (this.#fd === null && !this.#stopped) {
      try {
        this.#fd = openHeld(this.#path);
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        if (code !== 'EMFILE' && code !== 'ENFILE') {
          this.#isLost = code === NO_READER;
          this.stop();
          break;
        }
        await new Promise<void>((resolve) => this.#clock.after(OPEN_AGAIN_MS, resolve));
      }
    }
    return !this.#stopped;
  }

  /** True at the end of the stream. False when some process still has it open. */
  async #readWhatIsThere(): Promise<boolean> {
    for (let total = 0; total < FIFO_MAX_BYTES && !this.#stopped; ) {
      const count = readNow(this.#fd!);
      if (count === null) return false;
      if (count === 0) return true;
      total += count;
      const pending = this.#sink(Buffer.from(scratch.subarray(0, count)));
      if (pending) await this.#untilReady(pending);
    }
    return false;
  }

  /** Waits for the sink, but not beyond `stop`. */
  async #untilReady(pending: Promise<void> | null): Promise<void> {
    if (pending !== null) await Promise.race([pending, this.end]);
  }

  #startSocket(): void {
    if (this.#stopped || this.#held) return;
    if (this.#socket !== null) {
      this.#socket.resume();
      return;
    }
    // `onread` hands over each chunk without the stream's own buffer, so that pausing leaves nothing behind in it.
    const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
    const onread = {
      buffer,
      callback: (count: number) => this.#take(buffer.subarray(0, count)),
    };
    this.#socket = new Socket({ fd: this.#fd!, readable: true, writable: false, onread });
    this.#socket.on('error', () => {});
    this.#socket.on('close', () => this.stop());
    this.#socket.resume();
  }

  /** Returns false to pause the stream until the sink is ready again. */
  #take(chunk: Uint8Array): boolean {
    const pending = this.#sink(chunk);
    if (!pending) return true;
    this.#sinkBusy = pending.then(() => {
      this.#sinkBusy = null;
      this.#startSocket();
    });
    return false;
  }
}

/**
 * Opens the FIFO for reading. Throws ENXIO when nobody has it open for reading: its keeper, the helper, was killed, and what
 * the FIFO held may have gone with it. Opened for writing first, because only that tells, and from then on nothing is lost.
 */
function openHeld(path: string): number {
  const writer = openSync(path, open.O_WRONLY | open.O_NONBLOCK);
  try {
    return openSync(path, open.O_RDONLY | open.O_NONBLOCK);
  } finally {
    closeSync(writer);
  }
}

/** Fills `scratch`: the number of bytes, 0 at the end of the stream, null when there is nothing at the moment. */
function readNow(fd: number): number | null {
  try {
    return readSync(fd, scratch, 0, CHUNK_BYTES, null);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return null;
    throw error;
  }
}
