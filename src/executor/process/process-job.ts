import { randomBytes } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

import type { Clock } from '../../base/port.ts';
import { type OutputSink, StartError, type StepProcess } from '../contract.ts';
import type { ConfinedJob, ConfinedStepSpec } from './confined-step.ts';
import { ProcessStep } from './process-step.ts';
import { isCutOff, readReceiptEnd } from './receipt.ts';
import { impossibleStart } from './start-error.ts';
import { jobPrefix, stepName } from './step-name.ts';
import { StepOutput } from './step-output.ts';
import type { Supervisor } from './supervisor.ts';

export interface ProcessJobOptions {
  readonly jobKey: string;
  readonly directory: string;
  readonly clock: Clock;
  readonly drainMs: number;
  readonly supervisor: Supervisor;
}

/** Without a sandbox. */
const SHORT_MS = 5;

interface Running {
  readonly step: ProcessStep;
  readonly output: StepOutput;
}

const CUT_OFF: StepProcess = {
  pid: 0,
  signal: async () => {},
  ended: Promise.resolve({
    exit: { kind: 'lost', reason: 'the helper was killed while it started the step' },
    usage: null,
  }),
};

/** The steps of one job. */
export class ProcessJob implements ConfinedJob {
  readonly #options: ProcessJobOptions;
  readonly #running = new Map<string, Running>();
  /** Steps whose output was read to the end: the supervisor may let go of it, which can wait for the next record. */
  #released: string[] = [];
  #tookOver = false;
  #closed: Promise<{ readonly killed: number }> | null = null;
  /** Steps that have receipts still. */
  #closedNames: readonly string[] = [];

  constructor(options: ProcessJobOptions) {
    this.#options = options;
  }

  async start(spec: ConfinedStepSpec): Promise<StepProcess> {
    const { supervisor, jobKey } = this.#options;
    if (this.#closed !== null) throw new StartError('ECANCELED', 'the job is closed');
    const impossible = impossibleStart(spec.command, spec.directory, spec.environment);
    if (impossible !== null) throw impossible;

    const name = stepName(jobKey, spec.stepKey);
    const token = randomBytes(12).toString('hex');
    const step = this.#add(name, token, spec);
    for (const released of this.#released.splice(0)) supervisor.send(['release', released]);
    const words = spec.confinement ?? [];
    supervisor.send([
      ...(words.length === 0 ? ['start'] : ['confined', String(words.length), ...words]),
      name,
      token,
      spec.tty ? '1' : '',
      spec.directory,
      String(spec.command.length),
      ...spec.command,
      ...Object.entries(spec.environment).flat(),
    ]);
    try {
      await step.started;
    } catch (error) {
      this.#running.delete(name);
      supervisor.forget(name);
      throw error;
    }
    return step;
  }

  attach(stepKey: string, onOutput: OutputSink): Promise<StepProcess | null> {
    const { supervisor, jobKey, directory } = this.#options;
    this.#tookOver = true;
    const name = stepName(jobKey, stepKey);
    return new Promise((resolve) => {
      supervisor.adopt(name, (found) => {
        if (found === null) return resolve(isCutOff(directory, name) ? CUT_OFF : null);
        const step = this.#add(name, found.token, { onOutput, command: [], directory: '' });
        step.onStarted(found.pid);
        resolve(step);
      });
    });
  }

  async claim(stepKey: string): Promise<boolean> {
    const { supervisor, jobKey } = this.#options;
    return (await supervisor.request('claim', [stepName(jobKey, stepKey)])) === 1;
  }

  close(): Promise<{ readonly killed: number }> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<{ readonly killed: number }> {
    const { supervisor, jobKey, directory, clock, drainMs } = this.#options;
    const running = [...this.#running.values()];
    // Closing removes the FIFOs; whoever still wants to read one has to have it open by then.
    await Promise.allSettled(running.map(({ step }) => step.started));
    await Promise.all(running.map(({ output }) => output.follow()));
    const names = this.#tookOver ? namesOf(directory, jobPrefix(jobKey)) : [...this.#running.keys()];
    const killed = names.length === 0 ? 0 : await supervisor.request('close', [jobKey, '', ...names]);
    await settledWithin(
      running.map(({ step }) => step.ended),
      clock,
      drainMs,
    );
    for (const { output } of running) output.stop();
    await Promise.all(running.map(({ step }) => step.ended));
    for (const name of this.#running.keys()) supervisor.forget(name);
    this.#closedNames = names;
    return { killed };
  }

  forget(): void {
    if (this.#closedNames.length > 0) this.#options.supervisor.send(['forget', ...this.#closedNames]);
    this.#closedNames = [];
  }

  #add(
    name: string,
    token: string,
    spec: Pick<ConfinedStepSpec, 'onOutput' | 'command' | 'directory' | 'shortMs'>,
  ): ProcessStep {
    const { supervisor, clock, drainMs } = this.#options;
    const output = new StepOutput(join(this.#options.directory, `${name}.${token}`), spec.onOutput, clock);
    const step = new ProcessStep({
      output,
      drainMs,
      clock,
      program: spec.command[0] ?? '',
      directory: spec.directory,
      shortMs: spec.shortMs ?? SHORT_MS,
      receiptEnd: () => readReceiptEnd(this.#options.directory, name),
      confirm: () => supervisor.send(['confirm', name]),
      signal: async (signal) => {
        await supervisor.request('signal', [name, signal]);
      },
    });
    void output.end.then(() => this.#released.push(name));
    this.#running.set(name, { step, output });
    supervisor.listen(name, step);
    return step;
  }
}

/** The steps that have files in the private folder whose names begin so. */
export function namesOf(directory: string, prefix: string): string[] {
  const found = readdirSync(directory).filter((file) => file.startsWith(prefix));
  return [...new Set(found.map((file) => file.split('.', 2).join('.')))];
}

async function settledWithin(
  promises: readonly Promise<unknown>[],
  clock: Clock,
  limitMs: number,
): Promise<void> {
  const limit = Promise.withResolvers<void>();
  const cancel = clock.after(limitMs, limit.resolve);
  await Promise.race([Promise.allSettled(promises), limit.promise]);
  cancel();
}
