import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { imageCommandOf } from '../../driver/docker/build.ts';
import {
  type ExecutorJob,
  type OutputSink,
  StartError,
  type StepProcess,
  type StepSpec,
} from '../contract.ts';
import { impossibleStart } from '../process/start-error.ts';
import { DockerStep } from './docker-step.ts';
import { environmentText } from './environment-file.ts';
import { type ContainerOptions, findContainer, namedVolumes, startContainer } from './job-container.ts';
import { leaveMemory, leavePlace, memoryFolder, receiptFile, receiptName } from './place.ts';
import { readInnerReceipt } from './receipt.ts';
import { removeContainer, removeVolumes } from './removal.ts';
import { STEP_SCRIPT } from './script.ts';

export interface DockerJobOptions extends ContainerOptions {
  /** Starts and watches the command line, and keeps what it told for a later owner. */
  readonly inner: ExecutorJob;
  readonly directory: string;
  readonly drainMs: number;
  /** The job's files were there already. */
  readonly isKnown: boolean;
}

/** The steps of one job, in one container. */
export class DockerJob implements ExecutorJob {
  readonly container: NonNullable<ExecutorJob['container']>;
  readonly #options: DockerJobOptions;
  readonly #running = new Map<string, DockerStep>();
  #container: Promise<void> | null = null;
  #closed: Promise<{ readonly killed: number }> | null = null;

  constructor(options: DockerJobOptions) {
    this.#options = options;
    const network = options.confinement.network === 'none' ? 'none' : 'bridge';
    this.container = { id: options.place.name, network };
  }

  /** Starts the container early; what is wrong with it is told by the first step. */
  async open(): Promise<void> {
    const { isKnown } = this.#options;
    if (isKnown && !(await findContainer(this.#options))) return;
    this.#container = isKnown ? Promise.resolve() : startContainer(this.#options);
    await this.#container.catch(() => {});
  }

  async start(spec: StepSpec): Promise<StepProcess> {
    const { inner, docker, place } = this.#options;
    this.#refuseClosed();
    const impossible = impossibleStart(spec.command, spec.directory, spec.environment);
    if (impossible !== null) throw impossible;
    const environment = { ...this.#options.confinement.container?.environment, ...spec.environment };
    const text = environmentText(environment);
    this.#container ??= startContainer(this.#options);
    await this.#container;
    this.#refuseClosed();

    const name = receiptName(place.jobKey, spec.stepKey);
    const file = this.#environmentFile(name);
    writeFileSync(file, text, { mode: 0o600 });
    const step = this.#step(spec.stepKey, spec.onOutput);
    try {
      const words = ['exec', ...(spec.tty ? ['--tty'] : []), '--env-file', file, place.name, '/bin/sh', '-c'];
      words.push(STEP_SCRIPT, 'sluice', name, spec.directory, spec.tty ? '1' : '', ...spec.command);
      step.watch(
        await inner.start({
          stepKey: spec.stepKey,
          command: [docker.program, ...words],
          directory: '/',
          // By this mark a later owner finds the command line when nothing else is left of it.
          environment: { ...docker.environment, SLUICE_JOB_KEY: place.jobKey },
          tty: false,
          onOutput: step.sink,
        }),
      );
      if (await step.hasBegun) return step;
    } finally {
      rmSync(file, { force: true });
    }
    this.#running.delete(spec.stepKey);
    writeFileSync(this.#failedFile(spec.stepKey), '');
    throw this.#startError(spec, step.heldText);
  }

  async imageCommand() {
    const { docker, confinement } = this.#options;
    this.#refuseClosed();
    // The image is on the machine when its container runs.
    this.#container ??= startContainer(this.#options);
    await this.#container;
    const image = confinement.container?.image ?? '';
    const found = await imageCommandOf(docker, image);
    if (found) return found;
    throw new StartError('ECONTAINER', `the engine does not tell what ${image} runs`);
  }

  async attach(stepKey: string, onOutput: OutputSink): Promise<StepProcess | null> {
    if (existsSync(this.#failedFile(stepKey))) return null;
    const file = receiptFile(this.#options.place, stepKey);
    if (readInnerReceipt(file).failed !== null) return null;
    const step = this.#step(stepKey, onOutput);
    const found = await this.#options.inner.attach(stepKey, step.sink);
    if (found === null) {
      this.#running.delete(stepKey);
      return null;
    }
    step.watch(found);
    return step;
  }

  /** Steps begin only by a command line of the inner executor, so what that one proves is proof here. */
  async claim(stepKey: string): Promise<boolean> {
    const { inner, place } = this.#options;
    const { began, failed } = readInnerReceipt(receiptFile(place, stepKey));
    if (began !== null || failed !== null || inner.claim === undefined) return false;
    return inner.claim(stepKey);
  }

  close(): Promise<{ readonly killed: number }> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<{ readonly killed: number }> {
    const { docker, place, inner } = this.#options;
    await this.#container?.catch(() => {});
    const running = [...this.#running.values()];
    for (const step of running) step.isClosing = true;
    const killed = await removeContainer(docker, place.name);
    await removeVolumes(docker, namedVolumes(this.#options));
    for (const step of running) step.look();
    // Their command lines end by themselves when the container is gone; the rest is killed here.
    await Promise.all(running.map((step) => step.untilLineEnds(this.#options.drainMs)));
    await inner.close();
    leaveMemory(this.#options.directory, place.jobKey);
    await Promise.all(running.map((step) => step.ended));
    return { killed };
  }

  forget(): void {
    this.#options.inner.forget();
    leavePlace(this.#options.place);
  }

  #step(stepKey: string, onOutput: OutputSink): DockerStep {
    const { docker, clock, place, drainMs, confinement } = this.#options;
    const step = new DockerStep({
      docker,
      clock,
      container: place.name,
      receipt: receiptFile(place, stepKey),
      limits: confinement.limits,
      onOutput,
      drainMs,
    });
    this.#running.set(stepKey, step);
    return step;
  }

  #startError(spec: StepSpec, said: string): StartError {
    const { failed } = readInnerReceipt(receiptFile(this.#options.place, spec.stepKey));
    if (failed === 'directory') {
      return new StartError('ENOENT', `the directory ${spec.directory} cannot be entered in the container`);
    }
    if (failed === 'program') {
      return new StartError('ENOENT', `there is no program ${spec.command[0]} in the container`);
    }
    if (this.#closed !== null) return new StartError('ECANCELED', 'the job is closed');
    return new StartError(
      'ECONTAINER',
      `the step cannot be started in its container: ${said || 'no reason is given'}`,
    );
  }

  #refuseClosed(): void {
    if (this.#closed !== null) throw new StartError('ECANCELED', 'the job is closed');
  }

  #failedFile(stepKey: string): string {
    const { place } = this.#options;
    return join(place.folder, `${receiptName(place.jobKey, stepKey)}.failed`);
  }

  #environmentFile(name: string): string {
    const folder = memoryFolder(this.#options.directory);
    return join(folder, `${name}.environment`);
  }
}
