import { randomBytes } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { Backend, RequestLine, RouterCounts, Traffic, VersionTraffic } from '../contract.ts';
import { Counters } from '../counters.ts';
import { Backends } from './backends.ts';
import { Chooser } from './choice.ts';

/** Where one attempt of a request goes. */
export interface Pick {
  readonly version: string;
  readonly backend: Backend;
  readonly setCookie: string | null;
  /** Of the epoch in which it was chosen. */
  readonly counters: Counters;
}

/** What is open with a version and can be cut. */
export interface Open {
  cut(): void;
}

/** What the data path works with: the present traffic, its counts, and what is open. Knows no socket and no file. */
export class Serving {
  readonly backends = new Backends();
  readonly sinks = new Set<(line: RequestLine) => void>();
  readonly #open = new Map<string, Set<Open>>();
  readonly #emptied = new Map<string, Set<() => void>>();
  #traffic: Traffic | null = null;
  #draining: readonly string[] = [];
  #chooser: Chooser | null = null;
  #versions = new Map<string, VersionTraffic>();
  #counters = newCounters([]);

  /** Takes the traffic at once. The counts begin anew when weights, rules or thresholds are others. */
  apply(traffic: Traffic, draining: readonly string[]): void {
    const isSame = this.#traffic !== null && shareKey(this.#traffic) === shareKey(traffic);
    if (!isSame) this.#counters = newCounters(traffic.thresholdsMs);
    const usable = traffic.versions.filter(({ version }) => !draining.includes(version));
    this.#traffic = traffic;
    this.#draining = draining;
    this.#versions = new Map(usable.map((one) => [one.version, one]));
    this.#chooser = new Chooser(traffic);
    this.backends.keepOnly(traffic.versions.flatMap((one) => one.backends));
  }

  get traffic(): Traffic | null {
    return this.#traffic;
  }

  get draining(): readonly string[] {
    return this.#draining;
  }

  /**
   * Version and backend for an attempt. `tried`: addresses that this request had no luck with. When nothing is known to be
   * up, what is thought to be down is tried too. null: there is nobody left.
   */
  pick(headers: IncomingHttpHeaders, tried: ReadonlySet<string> | null): Pick | null {
    if (this.#chooser === null) return null;
    const { backends } = this;
    const isUp = (version: string): boolean => {
      const list = this.#versions.get(version)?.backends;
      if (list === undefined) return false;
      return tried === null ? backends.isAnyUp(list) : backends.isAnyLeft(list, tried);
    };
    const choice = this.#chooser.choose(headers, isUp);
    if (choice !== null) {
      const backend = backends.next(this.#versions.get(choice.version)!.backends, tried);
      if (backend !== null) return { ...choice, backend, counters: this.#counters };
    }
    if (tried !== null) return null;
    const hope = this.#chooser.choose(headers, (version) => this.#versions.has(version));
    const list = hope && this.#versions.get(hope.version)!.backends;
    return list?.[0] ? { ...hope!, backend: list[0], counters: this.#counters } : null;
  }

  begin(version: string, open: Open): void {
    let all = this.#open.get(version);
    if (all === undefined) {
      all = new Set();
      this.#open.set(version, all);
    }
    all.add(open);
  }

  end(version: string, open: Open): void {
    const all = this.#open.get(version);
    if (!all?.delete(open) || all.size > 0) return;
    this.#open.delete(version);
    for (const tell of this.#emptied.get(version) ?? []) tell();
  }

  openCount(version: string): number {
    return this.#open.get(version)?.size ?? 0;
  }

  open(): Record<string, number> {
    return Object.fromEntries([...this.#open].map(([version, all]) => [version, all.size]));
  }

  /** Cuts everything that is open with a version. */
  cut(version: string): void {
    for (const open of [...(this.#open.get(version) ?? [])]) open.cut();
  }

  /** Calls back once, when nothing is open with the version. The returned function takes that back. */
  whenEmpty(version: string, callback: () => void): () => void {
    if (this.openCount(version) === 0) {
      callback();
      return () => {};
    }
    const waiting = this.#emptied.get(version) ?? new Set();
    this.#emptied.set(version, waiting);
    const forget = () => {
      waiting.delete(tell);
      if (waiting.size === 0) this.#emptied.delete(version);
    };
    const tell = () => {
      forget();
      callback();
    };
    waiting.add(tell);
    return forget;
  }

  counts(): RouterCounts {
    const { epoch, thresholdsMs } = this.#counters;
    return { outcome: 'known', epoch, thresholdsMs, versions: this.#counters.read(performance.now()) };
  }
}

function newCounters(thresholdsMs: readonly number[]): Counters {
  return new Counters(randomBytes(8).toString('hex'), thresholdsMs, performance.now());
}

/** What decides who gets which requests, and how they are counted. */
function shareKey({ versions, rules, stickiness, thresholdsMs }: Traffic): string {
  const weights = versions.map(({ version, weightPercent }) => [version, weightPercent]);
  return JSON.stringify([weights, rules, stickiness, thresholdsMs]);
}
