import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { visible } from '../../../base/text.ts';
import { addressesOf } from '../addresses.ts';
import type {
  DrainReply,
  Fence,
  Router,
  RouterCounts,
  RouterReply,
  RouterState,
  Traffic,
  Unknown,
} from '../contract.ts';
import { exclusively } from '../exclusive.ts';
import { invalid, lateness, type Refusal, weightOf } from '../refusal.ts';
import { replaceFile } from '../replace-file.ts';
import { findTrafficProblem } from '../traffic.ts';
import { serverWeights } from '../weights.ts';
import { apply, differingServers, type Orders } from './apply.ts';
import { askFacts, type Facts } from './facts.ts';
import { followRing } from './follow.ts';
import { type Kept, readKept } from './kept.ts';
import { wantedMaps } from './maps.ts';
import { missingIn } from './missing.ts';
import { RuntimeSocket } from './runtime-socket.ts';
import { assignSlots, wantedServers } from './slots.ts';
import { talliesOf } from './tallies.ts';

const POLL_MS = 50;
/** HAProxy's largest weight of a server. */
const WEIGHT_MAX = 256;
/** By so much a version's share may be off: 5.5 % instead of 5 %. */
const ERROR_MAX = 0.1;

export interface HaproxyOptions {
  /** Path or `host:port` of the runtime API, at level admin. */
  readonly socket: string;
  /** Name of the backend whose servers Sluice sets. */
  readonly backend: string;
  /** A folder of this router's own on this machine: the newest fence, and which server stands for what. All who steer this backend share it. */
  readonly folder: string;
}

/** What only HAProxy can be asked. */
export interface HaproxyCheck {
  /** What its configuration lacks before traffic can be set, in sentences with what to do. Empty: nothing. */
  missing(): Promise<readonly string[]>;
}

/**
 * A backend of a running HAProxy (2.6 or newer), steered by its runtime API; docs/routers.md says how its configuration looks. Holds nothing open.
 *
 * HAProxy knows no fences: they are kept in `folder`, and checked and written under a lock that all processes of this machine share, before HAProxy is
 * told. Weights of several servers change within one line of commands, microseconds after each other.
 */
export function openHaproxyRouter(options: HaproxyOptions): Router & HaproxyCheck {
  const haproxy = new Haproxy(options);
  return {
    kind: 'haproxy',
    setWeights: (fence, traffic) => haproxy.change(() => haproxy.setWeights(fence, traffic)),
    state: () => haproxy.change(() => haproxy.state()),
    observe: () => haproxy.asked(() => haproxy.observe()),
    drain: (fence, version, deadlineMs) => haproxy.asked(() => haproxy.drain(fence, version, deadlineMs)),
    remove: (fence, version) => haproxy.change(() => haproxy.remove(fence, version)),
    follow: (onLine) => followRing(haproxy.socket, options.backend, () => haproxy.kept(), onLine),
    missing: () => haproxy.missing(),
  };
}

class Haproxy {
  readonly socket: RuntimeSocket;
  readonly #backend: string;
  readonly #folder: string;
  readonly #file: string;

  constructor({ socket, backend, folder }: HaproxyOptions) {
    this.socket = new RuntimeSocket(socket);
    this.#backend = backend;
    this.#folder = folder;
    this.#file = join(folder, 'haproxy.json');
  }

  kept(): Kept {
    return readKept(this.#file);
  }

  /** One at a time of all processes; what goes wrong is an answer. */
  change<T>(action: () => Promise<T>): Promise<T | Unknown> {
    return this.asked(() => exclusively(this.#folder, action));
  }

  async asked<T>(action: () => Promise<T>): Promise<T | Unknown> {
    try {
      return await action();
    } catch (error) {
      return { outcome: 'unknown', reason: (error as Error).message };
    }
  }

  async missing(): Promise<readonly string[]> {
    try {
      return missingIn(await askFacts(this.socket, this.#backend), this.#backend);
    } catch (error) {
      return [`${(error as Error).message}; start it with the lines of docs/routers.md`];
    }
  }

  async setWeights(fence: Fence, traffic: Traffic): Promise<RouterReply> {
    const problem = findTrafficProblem(traffic);
    if (problem !== null) return invalid(problem);
    const kept = this.kept();
    const late = lateness(fence, kept.fence);
    if (late !== null) return late;
    const facts = await this.#facts();
    if ('outcome' in facts) return facts;
    const addresses = await addressesOf(traffic);
    if (typeof addresses === 'string') return invalid(addresses);
    const slots = assignSlots(traffic, addresses, kept.slots, facts);
    if (typeof slots === 'string') return invalid(slots);
    const isNew = JSON.stringify(traffic) !== JSON.stringify(kept.traffic);
    return this.#take(
      { ...kept, fence, traffic, draining: [], slots, ...(isNew ? newEpoch(facts) : {}) },
      facts,
    );
  }

  async state(): Promise<RouterState> {
    const kept = this.kept();
    const facts = await this.#facts();
    if ('outcome' in facts) throw new Error(facts.reason);
    if (kept.traffic !== null) {
      // HAProxy may have been started anew from old files, or whoever changed it last was killed before the end.
      const orders = ordersOf(kept, facts);
      if (typeof orders === 'string') throw new Error(orders);
      if (differingServers(orders.servers, facts).length > 0)
        await apply(this.socket, this.#backend, orders, facts);
    }
    const open: Record<string, number> = {};
    for (const [name, { version }] of Object.entries(kept.slots))
      open[version] = (open[version] ?? 0) + (facts.servers.get(name)?.open ?? 0);
    const down = Object.entries(kept.slots).filter(
      ([name, { isStandby }]) => !isStandby && facts.servers.get(name)?.isDown,
    );
    return {
      outcome: 'known',
      fence: kept.fence,
      traffic: kept.traffic,
      listen: null,
      open,
      down: down.map(([, { backend }]) => backend),
    };
  }

  async observe(): Promise<RouterCounts> {
    const facts = await this.#facts();
    if ('outcome' in facts) throw new Error(facts.reason);
    return talliesOf(this.kept(), facts);
  }

  async drain(fence: Fence, version: string, deadlineMs: number): Promise<DrainReply> {
    const untilMs = performance.now() + deadlineMs;
    const changed = await exclusively(this.#folder, async () => {
      const kept = this.kept();
      const refused = lateness(fence, kept.fence) ?? weightOf(version, kept.traffic);
      if (refused !== null) return refused;
      const facts = await this.#facts();
      if ('outcome' in facts) return facts;
      const draining = [...new Set([...kept.draining, version])];
      return this.#take({ ...kept, fence, draining }, facts);
    });
    if (changed.outcome !== 'done') return changed;
    for (;;) {
      const facts = await this.#facts();
      if ('outcome' in facts) return facts;
      const open = serversOf(this.kept(), version).reduce(
        (sum, name) => sum + (facts.servers.get(name)?.open ?? 0),
        0,
      );
      if (open === 0 || performance.now() > untilMs) return { outcome: 'done', open };
      await wait(POLL_MS);
    }
  }

  async remove(fence: Fence, version: string): Promise<RouterReply> {
    const kept = this.kept();
    const refused = lateness(fence, kept.fence) ?? weightOf(version, kept.traffic);
    if (refused !== null) return refused;
    const facts = await this.#facts();
    if ('outcome' in facts) return facts;
    const gone = serversOf(kept, version);
    const traffic = kept.traffic && {
      ...kept.traffic,
      versions: kept.traffic.versions.filter((one) => one.version !== version),
      rules: kept.traffic.rules.filter((rule) => rule.version !== version),
    };
    const isNew = JSON.stringify(traffic) !== JSON.stringify(kept.traffic);
    const reply = await this.#take(
      {
        ...kept,
        fence,
        traffic,
        draining: kept.draining.filter((one) => one !== version),
        slots: Object.fromEntries(Object.entries(kept.slots).filter(([name]) => !gone.includes(name))),
        ...(isNew ? newEpoch(facts) : {}),
      },
      facts,
    );
    if (reply.outcome === 'done' && gone.length > 0)
      await this.socket.ask(
        gone.map((name) => `shutdown sessions server ${this.#backend}/${name}`).join(';'),
      );
    return reply;
  }

  async #facts(): Promise<Facts | Refusal> {
    const facts = await askFacts(this.socket, this.#backend);
    const [missing] = missingIn(facts, this.#backend);
    return missing === undefined ? facts! : invalid(missing);
  }

  /** Written down first, so that nobody has seen weights with a fence that is forgotten. */
  async #take(kept: Kept, facts: Facts): Promise<RouterReply> {
    const orders = ordersOf(kept, facts);
    if (typeof orders === 'string') return invalid(orders);
    const problem = this.#keep(kept);
    const warning = await apply(this.socket, this.#backend, orders, facts);
    return { outcome: 'done', warning: problem ?? warning };
  }

  /** A full disk does not keep traffic where it harms. */
  #keep(kept: Kept): string | null {
    try {
      replaceFile(this.#file, `${JSON.stringify(kept)}\n`);
      return null;
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      return `the weights hold, but ${visible(this.#file)} could not be written (${code ?? message})`;
    }
  }
}

function ordersOf(kept: Kept, facts: Facts): Orders | string {
  const { traffic, draining, slots } = kept;
  if (traffic === null) return { servers: new Map(), maps: new Map() };
  const { weights, error } = serverWeights(traffic, WEIGHT_MAX);
  if (error > ERROR_MAX) {
    const shares = traffic.versions.map(({ weightPercent }) => weightPercent).filter((share) => share > 0);
    return `HAProxy cannot keep ${Math.min(...shares)} % with these numbers of instances, since its weights go from 1 to ${WEIGHT_MAX}; give it more`;
  }
  const maps = wantedMaps(traffic, draining, slots, facts.maps);
  if (typeof maps === 'string') return maps;
  return { servers: wantedServers(traffic, draining, weights, slots, facts), maps };
}

function newEpoch(facts: Facts): Pick<Kept, 'epoch' | 'base'> {
  const counts = [...facts.servers.values()].map((server) => [server.name, server.counts] as const);
  return { epoch: randomUUID(), base: { process: facts.process, counts: Object.fromEntries(counts) } };
}

function serversOf(kept: Kept, version: string): readonly string[] {
  return Object.keys(kept.slots).filter((name) => kept.slots[name]!.version === version);
}
