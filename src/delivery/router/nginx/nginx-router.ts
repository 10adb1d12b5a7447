import { randomUUID } from 'node:crypto';
import { readFileSync, rmSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { visible } from '../../../base/text.ts';
import { addressesOf } from '../addresses.ts';
import type {
  DrainReply,
  Fence,
  RequestLine,
  Router,
  RouterCounts,
  RouterReply,
  RouterState,
  Traffic,
  Unknown,
} from '../contract.ts';
import { exclusively } from '../exclusive.ts';
import { invalid, lateness, weightOf } from '../refusal.ts';
import { replaceFile } from '../replace-file.ts';
import { findTrafficProblem } from '../traffic.ts';
import { type Configuration, tellToReload, testConfiguration } from './command.ts';
import { type Epoch, type Kept, readKept } from './kept.ts';
import { followLog } from './log-follow.ts';
import { markOf } from './log-mark.ts';
import { LogTally } from './log-tally.ts';
import { missingIn } from './missing.ts';
import { renderFile } from './render.ts';
import { untilReplaced, type Workers, workersOf } from './workers.ts';

const POLL_MS = 50;
const RELOAD_LIMIT_MS = 10_000;

export interface NginxOptions {
  /** The file within nginx's `http` that Sluice writes. */
  readonly config: string;
  /** A name for the groups of servers and for what the file defines. */
  readonly upstream: string;
  /** A shell command that has nginx read its configuration anew; null: `nginx -s reload`. */
  readonly reload: string | null;
  /** A folder of this router's own on this machine, with the newest fence. All who steer this nginx share it. */
  readonly folder: string;
}

/** What only nginx can be asked. */
export interface NginxCheck {
  /** What its configuration lacks before traffic can be set, in sentences with what to do. Empty: nothing. */
  missing(): Promise<readonly string[]>;
}

/**
 * An nginx of this machine that includes a file of Sluice's; docs/routers.md says how. A change is a new file, nginx's own test of it, and a reload: a
 * file that nginx does not take is taken back. A change is over when the workers of before take no more connections; requests that are open there are ended
 * by them, and connections that they keep are closed, which may cost a client that asks just then its request. Holds nothing open.
 */
export function openNginxRouter(options: NginxOptions): Router & NginxCheck {
  const nginx = new Nginx(options);
  return {
    kind: 'nginx',
    setWeights: (fence, traffic) => nginx.change(() => nginx.setWeights(fence, traffic)),
    state: () => nginx.change(() => nginx.state()),
    observe: () => nginx.asked(() => nginx.observe()),
    drain: (fence, version, deadlineMs) => nginx.asked(() => nginx.drain(fence, version, deadlineMs)),
    remove: (fence, version) => nginx.change(() => nginx.remove(fence, version)),
    follow: (onLine) => nginx.follow(onLine),
    missing: () => nginx.missing(),
  };
}

class Nginx {
  readonly #options: NginxOptions;
  readonly #config: string;
  readonly #file: string;
  readonly #tally = new LogTally();
  /** Of nginx's configuration; does not change with traffic. */
  #known: Extract<Configuration, { isGood: true }> | null = null;

  constructor(options: NginxOptions) {
    this.#options = options;
    this.#config = resolve(options.config);
    this.#file = join(options.folder, 'nginx.json');
  }

  /** One at a time of all processes; what goes wrong is an answer. */
  change<T>(action: () => Promise<T>): Promise<T | Unknown> {
    return this.asked(() => exclusively(this.#options.folder, action));
  }

  async asked<T>(action: () => Promise<T>): Promise<T | Unknown> {
    try {
      return await action();
    } catch (error) {
      return { outcome: 'unknown', reason: (error as Error).message };
    }
  }

  async missing(): Promise<readonly string[]> {
    return missingIn(await this.#test(), this.#options);
  }

  async setWeights(fence: Fence, traffic: Traffic): Promise<RouterReply> {
    const problem = findTrafficProblem(traffic);
    if (problem !== null) return invalid(problem);
    const kept = readKept(this.#file);
    const late = lateness(fence, kept.fence);
    if (late !== null) return late;
    const addresses = await addressesOf(traffic);
    if (typeof addresses === 'string') return invalid(addresses);
    const isNew = JSON.stringify(traffic) !== JSON.stringify(kept.traffic);
    return this.#take(kept, {
      ...kept,
      fence,
      traffic,
      draining: [],
      addresses: Object.fromEntries(addresses),
      epoch: isNew ? await this.#newEpoch() : kept.epoch,
    });
  }

  async state(): Promise<RouterState> {
    let kept = readKept(this.#file);
    // Whoever changed it last may have been killed before the end.
    if (kept.traffic !== null && (!kept.isApplied || this.#textOf(kept) !== this.#present())) {
      const reply = await this.#take(kept, kept);
      if (reply.outcome !== 'done') throw new Error(reply.reason);
      kept = readKept(this.#file);
    }
    const leaving = (await this.#workers())?.leaving.length ?? 0;
    const idle = kept.traffic?.versions.filter(({ weightPercent }) => weightPercent === 0) ?? [];
    return {
      outcome: 'known',
      fence: kept.fence,
      traffic: kept.traffic,
      listen: null,
      open: Object.fromEntries(idle.map(({ version }) => [version, leaving])),
      down: [],
    };
  }

  async observe(): Promise<RouterCounts> {
    const log = await this.#log();
    if (log === null)
      throw new Error('nginx writes no access log in Sluice’s format; add its line of docs/routers.md');
    return this.#tally.read(log, readKept(this.#file));
  }

  /** Without a log it never has a line. */
  async follow(onLine: (line: RequestLine) => void): Promise<() => void> {
    const log = await this.#log().catch(() => null);
    if (log === null || statSync(log, { throwIfNoEntry: false }) === undefined) return () => {};
    return followLog(log, () => readKept(this.#file), onLine);
  }

  async drain(fence: Fence, version: string, deadlineMs: number): Promise<DrainReply> {
    const untilMs = performance.now() + deadlineMs;
    const changed = await exclusively(this.#options.folder, async () => {
      const kept = readKept(this.#file);
      const refused = lateness(fence, kept.fence) ?? weightOf(version, kept.traffic);
      if (refused !== null) return refused;
      return this.#take(kept, { ...kept, fence, draining: [...new Set([...kept.draining, version])] });
    });
    if (changed.outcome !== 'done') return changed;
    for (;;) {
      // What is open with it is open in workers of before: those of now do not know it.
      const open = (await this.#workers())?.leaving.length ?? 0;
      if (open === 0 || performance.now() > untilMs) return { outcome: 'done', open };
      await wait(POLL_MS);
    }
  }

  async remove(fence: Fence, version: string): Promise<RouterReply> {
    const kept = readKept(this.#file);
    const refused = lateness(fence, kept.fence) ?? weightOf(version, kept.traffic);
    if (refused !== null) return refused;
    const traffic = kept.traffic && {
      ...kept.traffic,
      versions: kept.traffic.versions.filter((one) => one.version !== version),
      rules: kept.traffic.rules.filter((rule) => rule.version !== version),
    };
    const isNew = JSON.stringify(traffic) !== JSON.stringify(kept.traffic);
    const draining = kept.draining.filter((one) => one !== version);
    const epoch = isNew ? await this.#newEpoch() : kept.epoch;
    return this.#take(kept, { ...kept, fence, traffic, draining, epoch });
  }

  /** What is to be is written down first, then nginx's file; nginx is told when that has changed, or may not have been told before. */
  async #take(before: Kept, kept: Kept): Promise<RouterReply> {
    const text = this.#textOf(kept);
    const present = this.#present();
    if (text === present && before.isApplied) {
      this.#keep({ ...kept, isApplied: true });
      return { outcome: 'done', warning: null };
    }
    this.#keep({ ...kept, isApplied: false });
    replaceFile(this.#config, text, 0o644);
    const configuration = await this.#test();
    const [missing] = missingIn(configuration, this.#options);
    if (missing !== undefined || !configuration.isGood) {
      if (present === null) rmSync(this.#config, { force: true });
      else replaceFile(this.#config, present, 0o644);
      this.#keep(before);
      return invalid(missing!);
    }
    const workers = workersOf(configuration.pidFile);
    const problem = await tellToReload(this.#options.reload);
    if (problem !== null) throw new Error(`nginx was not told to reload (${visible(problem)})`);
    const warning = await this.#replaced(configuration.pidFile, workers);
    this.#keep({ ...kept, isApplied: true });
    return { outcome: 'done', warning };
  }

  async #replaced(pidFile: string, before: Workers | null): Promise<string | null> {
    if (before === null) {
      // Time for what is told by a signal.
      await wait(1000);
      return 'nginx was told to reload, but its processes cannot be seen from here';
    }
    if (await untilReplaced(pidFile, before, RELOAD_LIMIT_MS)) return null;
    throw new Error(
      `nginx was told to reload, but has no new workers after ${RELOAD_LIMIT_MS / 1000} s; look into its error log`,
    );
  }

  #textOf({ traffic, draining, addresses }: Kept): string {
    return renderFile(this.#options.upstream, traffic, draining, addresses);
  }

  #present(): string | null {
    try {
      return readFileSync(this.#config, 'utf8');
    } catch {
      return null;
    }
  }

  #keep(kept: Kept): void {
    replaceFile(this.#file, `${JSON.stringify(kept)}\n`);
  }

  async #newEpoch(): Promise<Epoch> {
    const log = await this.#log();
    const found = log === null ? undefined : statSync(log, { throwIfNoEntry: false });
    return {
      id: randomUUID(),
      startedAtMs: Date.now(),
      log: found === undefined ? null : markOf(found),
    };
  }

  async #log(): Promise<string | null> {
    if (this.#known === null) await this.#test();
    return this.#known?.log ?? null;
  }

  async #workers(): Promise<Workers | null> {
    if (this.#known === null) await this.#test();
    return this.#known === null ? null : workersOf(this.#known.pidFile);
  }

  async #test(): Promise<Configuration> {
    const { reload, upstream } = this.#options;
    const configuration = await testConfiguration(reload, this.#config, upstream);
    if (configuration.isGood) this.#known = configuration;
    return configuration;
  }
}
