import { type ControlChannel, openControlChannel } from './control-channel.ts';

/** Takes the records about one step: the verb and the fields behind the step's name. */
export interface StepListener {
  onRecord(verb: string, fields: readonly string[]): void;
  onLost(reason: string): void;
}

export interface Adopted {
  readonly token: string;
  readonly pid: number;
}

interface Request {
  readonly fields: readonly string[];
  readonly resolve: (killed: number) => void;
}

/**
 * Our side of supervisor.pl: matches answers with what was asked. When the helper dies, its steps are lost, and the next
 * thing asked for starts another one, which finds what is left by the receipts.
 */
export class Supervisor {
  readonly #directory: string;
  readonly #portable: boolean;
  readonly #steps = new Map<string, StepListener>();
  readonly #adopting = new Map<string, (found: Adopted | null) => void>();
  readonly #requests = new Map<string, Request>();
  #rung: string;
  #ready = Promise.withResolvers<string>();
  #channel: ControlChannel | null = null;
  #lastRequest = 0;

  constructor(options: { readonly directory: string; readonly rung: string; readonly portable: boolean }) {
    this.#directory = options.directory;
    this.#rung = options.rung;
    this.#portable = options.portable;
  }

  /** Starts the helper and returns its rung, `none` when the one asked for does not work. Throws when it cannot start. */
  async open(): Promise<string> {
    this.#open();
    this.#rung = await this.#ready.promise;
    return this.#rung;
  }

  /** Sends a record that has no answer, or whose answers go to the step's listener. */
  send(fields: readonly string[]): void {
    this.#open().send(fields);
  }

  listen(name: string, listener: StepListener): void {
    this.#steps.set(name, listener);
  }

  forget(name: string): void {
    this.#steps.delete(name);
  }

  /**
   * Takes over a step by its receipt and calls back with what stands there; null: there is none. The callback has to
   * `listen` at once: the step's end may stand in the very next record.
   */
  adopt(name: string, found: (adopted: Adopted | null) => void): void {
    this.#adopting.set(name, found);
    this.send(['adopt', name]);
  }

  /** Asks for something with a number as answer. Survives the death of the helper: the next one is asked again. */
  request(verb: 'signal' | 'close' | 'claim', fields: readonly string[]): Promise<number> {
    return new Promise((resolve) => {
      const id = String(++this.#lastRequest);
      const record = [verb, id, ...fields];
      this.#requests.set(id, { fields: record, resolve });
      this.send(record);
    });
  }

  async quit(): Promise<void> {
    await this.#channel?.quit();
    this.#channel = null;
  }

  #open(): ControlChannel {
    this.#channel ??= openControlChannel({
      directory: this.#directory,
      rung: this.#rung,
      portable: this.#portable,
      onRecord: (fields) => this.#onRecord(fields),
      onGone: (reason) => this.#onGone(reason),
    });
    return this.#channel;
  }

  #onRecord([verb, subject, ...fields]: readonly string[]): void {
    if (verb === 'ready') this.#ready.resolve(subject!);
    else if (verb === 'done') {
      this.#requests.get(subject!)?.resolve(Number(fields[0]));
      this.#requests.delete(subject!);
    } else if (verb === 'adopted' || verb === 'unknown') {
      const found = verb === 'adopted' ? { token: fields[0]!, pid: Number(fields[1]) } : null;
      this.#adopting.get(subject!)?.(found);
      this.#adopting.delete(subject!);
    } else this.#steps.get(subject!)?.onRecord(verb!, fields);
  }

  #onGone(reason: Error): void {
    this.#channel = null;
    this.#ready.reject(reason);
    this.#ready.promise.catch(() => {});
    this.#ready = Promise.withResolvers();
    const lost = [...this.#steps.values()];
    this.#steps.clear();
    for (const step of lost) step.onLost(reason.message);
    for (const name of this.#adopting.keys()) this.send(['adopt', name]);
    for (const request of this.#requests.values()) this.send(request.fields);
  }
}
