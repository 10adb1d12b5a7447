import type { CommandStream } from '../command/command-stream.ts';
import type { Masker } from '../mask/masker.ts';
import type { PatternWatch } from './pattern.ts';
import type { LogWriter } from './writer.ts';

const NEWLINE = 10;
/** Where no newline comes, dropping ends here: longer than any secret that is masked in one piece. */
const DROP_BYTES_MAX = 64 * 1024;

/** The way of one step's output: drop what cannot be judged, do what commands say, mask, look for patterns, write. */
export class StepOutput {
  readonly #masker: Masker;
  readonly #patterns: PatternWatch | null;
  readonly #log: LogWriter;
  readonly #commands: CommandStream | null;
  /** Bytes that may still be dropped because their beginning was not seen; 0 outside of a restart. */
  #toDrop = 0;

  /** `commands`: of a step of a workflow. */
  constructor(
    log: LogWriter,
    masker: Masker,
    patterns: PatternWatch | null,
    commands: CommandStream | null = null,
  ) {
    this.#log = log;
    this.#commands = commands;
    this.#masker = masker;
    this.#patterns = patterns;
  }

  /** The stream goes on in the middle: what stands before the first newline may be the second half of a secret. */
  dropToNewline(marker: string): void {
    this.#log.appendMarker(marker);
    this.#toDrop = DROP_BYTES_MAX;
  }

  write(chunk: Uint8Array): void {
    const rest = this.#toDrop > 0 ? this.#dropped(chunk) : chunk;
    if (rest.length === 0) return;
    if (this.#commands) this.#commands.write(rest, this.#mask);
    else this.#masker.write(rest, this.#take);
  }

  /**
   * The step is over: what is held back is no secret and goes out, and the files are closed. What a process in the
   * background prints later still comes in; if the border cut something that looked like a secret, up to a newline is lost.
   */
  end(): void {
    this.endCommands();
    const wasHeld = this.#masker.heldBytes > 0;
    this.#masker.flush(this.#take);
    this.#patterns?.end();
    if (wasHeld) this.#toDrop = DROP_BYTES_MAX;
    this.#log.close();
  }

  /** A last line without an end is looked at now. */
  endCommands(): void {
    this.#commands?.end(this.#mask);
  }

  readonly #mask = (bytes: Uint8Array): void => this.#masker.write(bytes, this.#take);

  readonly #take = (bytes: Uint8Array): void => {
    this.#patterns?.look(bytes);
    this.#log.append(bytes);
  };

  #dropped(chunk: Uint8Array): Uint8Array {
    const newline = chunk.indexOf(NEWLINE);
    const length = Math.min(newline === -1 ? chunk.length : newline + 1, this.#toDrop);
    this.#toDrop = newline === -1 ? this.#toDrop - length : 0;
    return chunk.subarray(length);
  }
}
