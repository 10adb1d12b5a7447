import { setTimeout as wait } from 'node:timers/promises';
import { visible } from '../../../base/text.ts';
import type { Backend, DrainReply, Fence, RouterReply, RouterState, Traffic } from '../contract.ts';
import { invalid, lateness, weightOf } from '../refusal.ts';
import { findTrafficProblem, isOlder } from '../traffic.ts';
import type { Serving } from './serving.ts';
import { type Kept, readKept, writeKept } from './state-file.ts';

const SAVE_AGAIN_MS = 1000;

/** Changes what is served, by order of whoever has the newest fence, and keeps it on disk. */
export class Steering {
  readonly #serving: Serving;
  readonly #file: string;
  #kept: Kept;
  #saveTimer: NodeJS.Timeout | null = null;
  readonly #listen: Backend;

  /** Begins with what the file says. Throws when that is damaged. */
  constructor(serving: Serving, file: string, listen: Backend) {
    this.#serving = serving;
    this.#file = file;
    this.#listen = listen;
    this.#kept = readKept(file);
    this.#serve();
  }

  setWeights(fence: Fence, traffic: Traffic): RouterReply {
    const problem = findTrafficProblem(traffic);
    if (problem !== null) return invalid(problem);
    return lateness(fence, this.#kept.fence) ?? this.#take({ ...this.#kept, fence, traffic, draining: [] });
  }

  async drain(fence: Fence, version: string, deadlineMs: number): Promise<DrainReply> {
    const refused = lateness(fence, this.#kept.fence) ?? weightOf(version, this.#kept.traffic);
    if (refused !== null) return refused;
    const { draining } = this.#kept;
    this.#take({
      ...this.#kept,
      fence,
      draining: draining.includes(version) ? draining : [...draining, version],
    });
    const late = new AbortController();
    const empty = Promise.withResolvers<void>();
    const forget = this.#serving.whenEmpty(version, empty.resolve);
    await Promise.race([
      empty.promise,
      wait(deadlineMs, undefined, { signal: late.signal, ref: false }).catch(() => {}),
    ]);
    late.abort();
    forget();
    return { outcome: 'done', open: this.#serving.openCount(version) };
  }

  remove(fence: Fence, version: string): RouterReply {
    const refused = lateness(fence, this.#kept.fence) ?? weightOf(version, this.#kept.traffic);
    if (refused !== null) return refused;
    const { traffic } = this.#kept;
    const reply = this.#take({
      ...this.#kept,
      fence,
      traffic: traffic && {
        ...traffic,
        versions: traffic.versions.filter((one) => one.version !== version),
        rules: traffic.rules.filter((rule) => rule.version !== version),
      },
      draining: this.#kept.draining.filter((one) => one !== version),
    });
    this.#serving.cut(version);
    return reply;
  }

  /** Reads the file again, if what it says is not older. Throws when it is damaged; then everything stays as it is. */
  reload(): void {
    const kept = readKept(this.#file);
    if (kept.fence === null || isOlder(kept.fence, this.#kept.fence)) return;
    this.#kept = kept;
    this.#serve();
  }

  state(): RouterState {
    const { fence, traffic } = this.#kept;
    const { backends } = this.#serving;
    return {
      outcome: 'known',
      fence,
      traffic,
      listen: this.#listen,
      open: this.#serving.open(),
      down: backends.down(),
    };
  }

  close(): void {
    if (this.#saveTimer !== null) clearTimeout(this.#saveTimer);
  }

  /** On disk first, so that nobody has seen weights that a restart forgets; but a full disk does not keep traffic where it harms. */
  #take(kept: Kept): RouterReply {
    this.#kept = kept;
    const problem = this.#save();
    this.#serve();
    return { outcome: 'done', warning: problem };
  }

  #serve(): void {
    const { traffic, draining } = this.#kept;
    if (traffic !== null) this.#serving.apply(traffic, draining);
  }

  #save(): string | null {
    if (this.#saveTimer !== null) clearTimeout(this.#saveTimer);
    this.#saveTimer = null;
    try {
      writeKept(this.#file, this.#kept);
      return null;
    } catch (error) {
      this.#saveTimer = setTimeout(() => this.#save(), SAVE_AGAIN_MS);
      this.#saveTimer.unref();
      const { code, message } = error as NodeJS.ErrnoException;
      return `the weights hold, but ${visible(this.#file)} could not be written (${code ?? message}); it is tried again`;
    }
  }
}
