import { constants } from 'node:os';

import type { Clock } from '../../base/port.ts';
import type { StepEnd, StepProcess } from '../contract.ts';
import { startErrorOf } from './start-error.ts';
import type { StepOutput } from './step-output.ts';

export interface ProcessStepOptions {
  readonly output: StepOutput;
  readonly drainMs: number;
  readonly clock: Clock;
  readonly program: string;
  readonly directory: string;
  /** A step that ends sooner needs no stream and no confirmation: its end says all. */
  readonly shortMs: number;
  /** The fields of the end that stands in the receipt, or null. */
  readonly receiptEnd: () => readonly string[] | null;
  /** Asks the supervisor to say when the program runs. */
  readonly confirm: () => void;
  readonly signal: (signal: string) => Promise<void>;
}

/** One step of ours: turns the supervisor's records into the promises of the contract. */
export class ProcessStep implements StepProcess {
  pid = 0;
  readonly ended: Promise<StepEnd>;
  /** Resolves when the program runs or ran; rejects with a `StartError`. */
  readonly started: Promise<void>;
  readonly #options: ProcessStepOptions;
  readonly #started = Promise.withResolvers<void>();
  readonly #ended = Promise.withResolvers<StepEnd>();
  readonly #cancelConfirm: () => void;
  #over = false;

  constructor(options: ProcessStepOptions) {
    this.#options = options;
    this.started = this.#started.promise;
    this.ended = this.#ended.promise;
    this.#cancelConfirm = options.clock.after(options.shortMs, options.confirm);
  }

  signal(signal: 'SIGTERM' | 'SIGKILL' | 'SIGINT'): Promise<void> {
    return this.#options.signal(signal.slice('SIG'.length));
  }

  /** Takes the fields of a record about this step. */
  onRecord(verb: string, fields: readonly string[]): void {
    if (verb === 'started') this.onStarted(Number(fields[0]));
    else if (verb === 'ended') this.#onEnded(fields);
    else if (verb === 'failed') this.#onFailed(fields[0]!, Number(fields[1]));
    else if (verb === 'lost') this.onLost('the helper that watched the process is gone too');
  }

  onStarted(pid: number): void {
    this.#cancelConfirm();
    this.pid = pid;
    this.#started.resolve();
    void this.#options.output.follow();
  }

  onLost(reason: string): void {
    if (this.#over) return;
    // The helper may have been killed between writing the receipt and telling us.
    const end = this.#options.receiptEnd();
    if (end !== null) {
      this.#onEnded(end);
      return;
    }
    this.#cancelConfirm();
    // Whether the program began cannot be told any more, so it counts as begun: only then is it looked for and killed.
    this.#started.resolve();
    void this.#finish({ exit: { kind: 'lost', reason }, usage: null });
  }

  #onEnded([pid, status, cpuMs, maxKilobytes]: readonly string[]): void {
    this.#cancelConfirm();
    this.pid = Number(pid);
    this.#started.resolve();
    const usage =
      cpuMs === '-' ? null : { cpuMs: Number(cpuMs), memoryMaxBytes: Number(maxKilobytes) * 1024 };
    void this.#finish({ exit: exitOf(Number(status)), usage });
  }

  #onFailed(stage: string, errno: number): void {
    const error = startErrorOf(stage, errno, this.#options.program, this.#options.directory);
    this.#over = true;
    this.#cancelConfirm();
    this.#options.output.stop();
    this.#started.reject(error);
    // An adopted step is past its start; for it this is an end that nobody saw.
    this.#ended.resolve({ exit: { kind: 'lost', reason: error.message }, usage: null });
  }

  async #finish(end: StepEnd): Promise<void> {
    this.#over = true;
    await this.#options.output.finish(this.#options.drainMs);
    this.#ended.resolve(this.#options.output.isLost ? { ...end, outputLost: true } : end);
  }
}

/** Reads a wait status: the signal in the low seven bits, the exit code above. */
function exitOf(status: number): StepEnd['exit'] {
  const number = status & 0x7f;
  if (number === 0) return { kind: 'code', code: status >> 8 };
  const name = Object.entries(constants.signals).find(([, value]) => value === number)?.[0];
  return { kind: 'signal', signal: name ?? `signal ${number}` };
}
