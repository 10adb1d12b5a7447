import type { Surroundings } from './contract.ts';

/** What a deployment acts on, opened when it is first needed. What could not be opened is tried again by the next who needs it. */
export class Places {
  readonly #open: () => Promise<Surroundings>;
  #opened: Promise<Surroundings> | null = null;
  #isClosed = false;

  constructor(open: () => Promise<Surroundings>) {
    this.#open = open;
  }

  open(): Promise<Surroundings> {
    if (this.#isClosed) return Promise.reject(new Error('the deployment is not driven here any more'));
    if (this.#opened === null) {
      const opening = this.#open();
      this.#opened = opening;
      opening.catch(() => {
        if (this.#opened === opening) this.#opened = null;
      });
    }
    return this.#opened;
  }

  /** Closes what was opened. Never rejects: nothing that closes badly is needed any more. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const opened = await this.#opened?.catch(() => null);
    await opened?.close().catch(() => {});
  }
}
