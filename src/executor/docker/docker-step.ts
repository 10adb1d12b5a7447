import type { Clock } from '../../base/port.ts';
import type { Docker } from '../../driver/docker/docker.ts';
import type { Limits, OutputSink, StepEnd, StepProcess } from '../contract.ts';
import { limitMessage } from '../limit/limit-message.ts';
import { shellExit } from '../shell-exit.ts';
import { type InnerReceipt, type MetLimits, readInnerReceipt } from './receipt.ts';
import { ASK_SCRIPT, SIGNAL_SCRIPT } from './script.ts';

/** `docker exec` takes 60 to 100 ms, and each look is taken from it: output and end tell it without a look. */
const BEGIN_LOOK_MS = 20;
const LOOK_MS = 50;
const ASK_MS = 500;
const HELD_CHARACTERS_MAX = 2_000;

export interface DockerStepOptions {
  readonly docker: Docker;
  readonly clock: Clock;
  readonly container: string;
  /** The receipt that is written inside. */
  readonly receipt: string;
  readonly limits: Limits;
  readonly onOutput: OutputSink;
  readonly drainMs: number;
}

/**
 * One step of a container. What is watched outside is only a command line that hands on output; whether the step began and how it
 * ended stands in the receipt from inside.
 */
export class DockerStep implements StepProcess {
  readonly ended: Promise<StepEnd>;
  /** false: the command line is over and nothing began. */
  readonly hasBegun: Promise<boolean>;
  /** The container is being removed, so a step without an end is being killed. */
  isClosing = false;
  readonly #options: DockerStepOptions;
  readonly #begun = Promise.withResolvers<boolean>();
  readonly #ended = Promise.withResolvers<StepEnd>();
  #began: NonNullable<InnerReceipt['began']> | null = null;
  #line: StepProcess | null = null;
  #isLineOver = false;
  #isOver = false;
  /** What the caller ends, it knows the cause of. */
  #isAsked = false;
  #isSinkBusy = false;
  #held = '';
  #cancelLook = () => {};

  constructor(options: DockerStepOptions) {
    this.#options = options;
    this.ended = this.#ended.promise;
    this.hasBegun = this.#begun.promise;
  }

  get pid(): number {
    return this.#line?.pid ?? 0;
  }

  /** What was printed before the step began: the engine's own words on why it could not. */
  get heldText(): string {
    return this.#held.trim();
  }

  /** For the output of the command line. */
  readonly sink: OutputSink = (chunk) => {
    if (this.#began === null) this.#readBegan();
    if (this.#began !== null) return this.#handOn(chunk);
    this.#held = (this.#held + Buffer.from(chunk).toString()).slice(-HELD_CHARACTERS_MAX);
  };

  #handOn(chunk: Uint8Array): void | Promise<void> {
    const taken = this.#options.onOutput(chunk);
    if (!taken) return;
    this.#isSinkBusy = true;
    return taken.finally(() => {
      this.#isSinkBusy = false;
    });
  }

  /** Begins to watch the command line of the step. */
  watch(line: StepProcess): void {
    this.#line = line;
    void line.ended.then((end) => this.#onLineEnded(end));
    this.look();
  }

  async signal(signal: 'SIGTERM' | 'SIGKILL' | 'SIGINT'): Promise<void> {
    this.#isAsked = true;
    const { docker, container } = this.#options;
    // Its shell may be about to begin: a signal for it is not to get lost.
    await this.#begun.promise;
    if (this.#isOver || this.#began === null) return;
    const words = [String(this.#began.pid), signal.slice('SIG'.length)];
    await docker.call(['exec', container, '/bin/sh', '-c', SIGNAL_SCRIPT, 'sluice', ...words]);
    this.look();
  }

  /** Reads the receipt now, and again after a while. */
  look(): void {
    this.#cancelLook();
    if (this.#isOver || this.#isLineOver) return;
    const { clock, receipt, drainMs } = this.#options;
    this.#readBegan();
    if (this.#began !== null && readInnerReceipt(receipt).ended !== null) {
      // The rest of its output is on its way, or something that it left holds the stream open.
      this.#cancelLook = clock.after(drainMs, () => {
        if (this.#isSinkBusy && !this.isClosing) this.look();
        else this.#finishByReceipt({});
      });
      return;
    }
    this.#cancelLook = clock.after(this.#began === null ? BEGIN_LOOK_MS : LOOK_MS, () => this.look());
  }

  /** Resolves when the command line is over, at the latest after that time. */
  async untilLineEnds(limitMs: number): Promise<void> {
    if (this.#line === null) return;
    const limit = Promise.withResolvers<void>();
    const cancel = this.#options.clock.after(limitMs, limit.resolve);
    await Promise.race([this.#line.ended, limit.promise]);
    cancel();
  }

  #readBegan(): void {
    if (this.#began !== null) return;
    this.#began = readInnerReceipt(this.#options.receipt).began;
    if (this.#began !== null) this.#begun.resolve(true);
  }

  #onLineEnded(line: StepEnd): void {
    this.#isLineOver = true;
    this.#cancelLook();
    this.#readBegan();
    const { outputLost } = line;
    if (this.#finishByReceipt(outputLost ? { outputLost } : {})) return;
    if (this.#began !== null) {
      void this.#withoutLine(line, this.#began);
      return;
    }
    this.#begun.resolve(false);
    this.#finish({ exit: { kind: 'lost', reason: 'nobody saw it begin in its container' }, usage: null });
  }

  /** The step began and its end is not written: either its shell was killed too, or only the command line is gone. */
  async #withoutLine(line: StepEnd, began: MetLimits & { readonly pid: number }): Promise<void> {
    const { docker, container, clock } = this.#options;
    const words = ['exec', container, '/bin/sh', '-c', ASK_SCRIPT, 'sluice', String(began.pid)];
    while (!this.isClosing && !this.#isOver) {
      const answer = await docker.call(words);
      if (this.#finishByReceipt({ outputLost: true })) return;
      if (answer.code === 3) {
        const exit = line.exit.kind === 'code' ? shellExit(line.exit.code) : null;
        if (exit?.kind === 'signal') return this.#finishLimited(exit, metLimits(answer.output), {});
        return this.#finish({
          exit: { kind: 'lost', reason: 'the shell that watched the step in its container is gone' },
          usage: null,
          outputLost: true,
        });
      }
      if (answer.code !== 0 && (await this.#finishWithContainer())) return;
      await new Promise<void>((resolve) => void clock.after(ASK_MS, resolve));
    }
    if (!this.#finishByReceipt({}))
      this.#finish({ exit: { kind: 'signal', signal: 'SIGKILL' }, usage: null });
  }

  /** When the container is over or gone. */
  async #finishWithContainer(): Promise<boolean> {
    const { docker, container } = this.#options;
    const format = '{{.State.Running}} {{.State.OOMKilled}}';
    const { code, output, complaint } = await docker.call([
      'container',
      'inspect',
      '--format',
      format,
      container,
    ]);
    if (output.startsWith('true ') || this.isClosing) return false;
    if (output.endsWith(' true')) {
      this.#finishLimited({ kind: 'signal', signal: 'SIGKILL' }, { memory: Infinity, processes: 0 }, {});
      return true;
    }
    const why =
      code === 0
        ? 'the container of the job ended'
        : `the container of the job cannot be asked: ${complaint}`;
    this.#finish({ exit: { kind: 'lost', reason: why }, usage: null, outputLost: true });
    return true;
  }

  #finishByReceipt(more: Partial<StepEnd>): boolean {
    const { ended } = readInnerReceipt(this.#options.receipt);
    if (this.#began === null || ended === null) return this.#isOver;
    this.#finishLimited(shellExit(ended.code), ended, more);
    return true;
  }

  #finishLimited(exit: StepEnd['exit'], met: MetLimits, more: Partial<StepEnd>): void {
    const limit = this.#limitBehind(exit, met);
    this.#finish({ exit, usage: null, ...more, ...(limit === undefined ? {} : { limit }) });
  }

  #limitBehind(exit: StepEnd['exit'], met: MetLimits): StepEnd['limit'] {
    const { memoryBytes, processesMax } = this.#options.limits;
    const isGood = exit.kind === 'code' && exit.code === 0;
    if (isGood || this.#isAsked || this.#began === null) return undefined;
    if (memoryBytes !== null && met.memory > this.#began.memory) return limitMessage('memory', memoryBytes);
    if (processesMax !== null && met.processes > this.#began.processes) {
      return limitMessage('processes', processesMax);
    }
    return undefined;
  }

  #finish(end: StepEnd): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#cancelLook();
    this.#ended.resolve(end);
  }
}

/** What the asking script printed. */
function metLimits(text: string): MetLimits {
  const [memory = 0, processes = 0] = text.split(' ').map(Number);
  return { memory, processes };
}
