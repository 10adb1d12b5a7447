import { setTimeout as wait } from 'node:timers/promises';

/**
 * What can be wrong with a build, chosen when it is built (`BUILD_FAULT`, see build.ts): so that one can watch a bad version being found
 * and taken back. No test of this service finds any of them.
 *
 * - errors: one request in six fails.
 * - slow: each request takes a fifth of a second longer.
 * - leak: each request keeps a megabyte.
 * - crash: the process ends at its 30th request.
 * - never-ready: it starts, and never says that it is ready.
 */
export const FAULTS = ['none', 'errors', 'slow', 'leak', 'crash', 'never-ready'] as const;
export type Fault = (typeof FAULTS)[number];

export function isFault(text: unknown): text is Fault {
  return FAULTS.some((fault) => fault === text);
}

const FAILS_EACH = 6;
const SLOWER_MS = 200;
const LEAK_BYTES = 2 ** 20;
/** So often at most: a demonstration must not take the whole machine. */
const LEAKS_MAX = 400;
const CRASHES_AT = 30;

/** Does to each request what the fault says. */
export class Suffering {
  readonly #fault: Fault;
  readonly #leaked: Buffer[] = [];
  #requests = 0;

  constructor(fault: Fault) {
    this.#fault = fault;
  }

  get isNeverReady(): boolean {
    return this.#fault === 'never-ready';
  }

  async duringRequest(): Promise<void> {
    this.#requests++;
    switch (this.#fault) {
      case 'errors':
        if (this.#requests % FAILS_EACH === 0) throw new Error('the new index is not there');
        return;
      case 'slow':
        await wait(SLOWER_MS);
        return;
      case 'leak':
        if (this.#leaked.length < LEAKS_MAX) this.#leaked.push(Buffer.alloc(LEAK_BYTES, 1));
        return;
      case 'crash':
        if (this.#requests === CRASHES_AT) process.exit(70);
        return;
      default:
    }
  }
}
