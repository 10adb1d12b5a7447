import { canonicalJson, type JsonObject } from '../../../src/base/json.ts';
import type {
  DrivenDeployment,
  NewDeployment,
  Surroundings,
} from '../../../src/controller/deployment/contract.ts';
import { DeploymentController } from '../../../src/controller/deployment/deployment-controller.ts';
import { replayDeployment } from '../../../src/controller/deployment/replay.ts';
import type { DeploymentPlan } from '../../../src/delivery/plan.ts';
import type {
  DeploymentAskedEvent,
  DeploymentEvent,
  DeploymentOutcome,
} from '../../../src/journal/deployment-event.ts';
import type { JournalEvent, NewEvent } from '../../../src/journal/event.ts';
import { deploymentInboxStream, deploymentStream, environmentStream } from '../../../src/journal/stream.ts';
import type { Store } from '../../../src/store/contract.ts';
import { openMemoryStore } from '../../../src/store/memory.ts';
import { checkEnd, checkEvent } from '../../sim/delivery/invariant.ts';
import type { Nature } from '../../sim/delivery/places.ts';
import { aDeployment } from '../deployment.ts';
import { VirtualClock } from '../virtual-clock.ts';
import { type Death, Life, ownersOf } from './mortal.ts';
import { surroundingsIn } from './surroundings.ts';
import { type Fate, type Verb, World } from './world.ts';

export interface RigOptions {
  readonly nature?: Nature;
  readonly fate?: (verb: Verb, key: string) => Fate;
  /** Opens the store; in memory when not said. */
  readonly store?: (clock: VirtualClock) => Promise<Store>;
  /** Of hosts; by the plan when not said. */
  readonly hosts?: readonly string[];
  /** Over what the world offers. */
  readonly surroundings?: (surroundings: Surroundings) => Surroundings;
}

/** The deployment that brought the stable version. */
const PAST = '00past';

/** Time may go on so far until something must have happened. */
const VIRTUAL_MAX_MS = 12 * 3_600_000;

/** Deployments on a real store with a scripted world, in virtual time, by owners that can die. */
export class DeploymentRig {
  readonly clock: VirtualClock;
  readonly plan: DeploymentPlan;
  readonly world: World;
  readonly store: Store;
  readonly lives: Life[] = [];
  readonly #options: RigOptions;
  #wake: () => void = () => {};
  #chance = 0;

  /** A rig in which the stable version of the plan serves, by the journal too. */
  static async open(plan: DeploymentPlan, options: RigOptions = {}): Promise<DeploymentRig> {
    const clock = new VirtualClock();
    const store = (await options.store?.(clock)) ?? openMemoryStore(clock);
    const rig = new DeploymentRig(plan, options, clock, store);
    await rig.#seed();
    return rig;
  }

  private constructor(plan: DeploymentPlan, options: RigOptions, clock: VirtualClock, store: Store) {
    this.plan = plan;
    this.clock = clock;
    this.store = store;
    this.#options = options;
    const { nature = 'good', fate } = options;
    this.world = new World({
      clock: this.clock,
      plan,
      hosts: options.hosts ?? hostsOf(plan),
      nature,
      ...(fate ? { fate } : {}),
    });
  }

  async #seed(): Promise<void> {
    const { stable, environment, service } = this.plan;
    if (stable === null) return;
    const { journal } = this.store;
    const requested = { ...aDeployment(this.plan), deploymentId: PAST, candidate: stable, stable: null };
    const finished = {
      type: 'deployment.finished',
      outcome: 'succeeded',
      sentence: `${stable} serves ${environment}`,
      durationMs: 1,
      serving: stable,
      partly: [],
      data: 'unchanged',
    } as const;
    const claimed = { type: 'environment.claimed', deploymentId: PAST, service, policy: 'queue' } as const;
    const released = { type: 'environment.released', deploymentId: PAST, reason: 'finished' } as const;
    const event = (body: JournalEvent): NewEvent => ({
      schemaVersion: 1,
      at: this.clock.now(),
      actor: { kind: 'controller', id: 'the past' },
      body,
    });
    await journal.append(deploymentStream(PAST), 0, [event(requested), event(finished)]);
    const stream = environmentStream(requested.repository, environment);
    await journal.append(stream, 0, [event(claimed), event(released)]);
  }

  /** A new process with a controller. */
  process(death: Death | null = null): { readonly life: Life; readonly controller: DeploymentController } {
    const life = new Life(`process-${this.lives.length + 1}`, death);
    this.lives.push(life);
    const controller = new DeploymentController({
      store: life.store(this.store),
      clock: life.clock(this.clock),
      random: { bytes: (count) => Uint8Array.from({ length: count }, () => this.#chance++) },
      owners: ownersOf(life, this.lives),
      open: async () => {
        const surroundings = surroundingsIn(this.world, life);
        return this.#options.surroundings?.(surroundings) ?? surroundings;
      },
    });
    return { life, controller };
  }

  request(plan: DeploymentPlan = this.plan, more: Partial<NewDeployment> = {}): NewDeployment {
    const { type: _, deploymentId: __, ...request } = aDeployment(plan);
    return { ...request, plan: plan as unknown as JsonObject, ...more };
  }

  /** Begins a deployment in a new process, and lets time go on until it is over or its owner is dead. */
  async begin(
    death: Death | null = null,
  ): Promise<{ readonly driven: DrivenDeployment | null; readonly life: Life }> {
    const { life, controller } = this.process(death);
    let driven: DrivenDeployment | null = null;
    void controller.start(this.request()).then((started) => {
      driven = started;
    });
    await this.until(() => driven !== null || life.isDead);
    return { driven, life };
  }

  /** Lets time go on until the promise settles; resolves to what it resolved to. */
  async play<T>(promise: Promise<T>): Promise<T> {
    let isSettled = false;
    promise.then(
      () => {
        isSettled = true;
      },
      () => {
        isSettled = true;
      },
    );
    await this.until(() => isSettled);
    return promise;
  }

  /** Lets everything happen that happens without time going on, and then the next thing, until it is so. */
  async until(isSo: () => boolean): Promise<void> {
    const endMs = this.clock.monotonic() + VIRTUAL_MAX_MS;
    for (;;) {
      await this.settle();
      if (isSo()) return;
      if (this.clock.monotonic() > endMs) throw new Error('it never happens');
      this.clock.advance(this.clock.nextMs() ?? 1000);
    }
  }

  /** A process hangs, on a machine that cannot be asked. */
  hang(life: Life): void {
    life.hanging = new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  wake(life: Life): void {
    life.hanging = null;
    this.#wake();
  }

  /** Tries every second until it does not reject. */
  async retry<T>(attempt: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await attempt();
      } catch {
        await new Promise<void>((resolve) => this.clock.after(1000, resolve));
      }
    }
  }

  async settle(): Promise<void> {
    for (let quiet = 0; quiet < 3; ) {
      await new Promise((resolve) => setImmediate(resolve));
      quiet = this.lives.some(({ isDead, pending }) => !isDead && pending > 0) ? 0 : quiet + 1;
    }
  }

  async ask(deploymentId: string, body: DeploymentAskedEvent, account = 'ada'): Promise<void> {
    const stream = deploymentInboxStream(deploymentId);
    const head = await this.store.journal.head(stream);
    const actor = { kind: 'person', id: `${account} (uid 1000)` } as const;
    await this.store.journal.append(stream, head, [{ schemaVersion: 1, at: this.clock.now(), actor, body }]);
  }

  async events(
    deploymentId: string,
  ): Promise<readonly { readonly event: DeploymentEvent; readonly at: number }[]> {
    const stored = await this.store.journal.read(deploymentStream(deploymentId));
    return stored.map(({ body, at }) => ({ event: body as DeploymentEvent, at }));
  }

  async outcome(deploymentId: string): Promise<DeploymentOutcome | null> {
    const last = (await this.events(deploymentId)).at(-1)?.event;
    return last?.type === 'deployment.finished' ? last.outcome : null;
  }

  /** The first deployment of the store. */
  async firstId(): Promise<string | null> {
    const streams = (await this.store.journal.streams('deployment/')).toReversed();
    const ids = streams.map((stream) => stream.slice('deployment/'.length));
    return ids.find((id) => id !== PAST) ?? null;
  }

  /** Everything that must hold of a deployment that is over. */
  async check(deploymentId: string): Promise<void> {
    const journal = await this.events(deploymentId);
    for (const [index, { event }] of journal.entries()) checkEvent(event, journal.slice(0, index), this.plan);
    const replayed = await replayDeployment(this.store.journal, deploymentId);
    if (replayed === null) throw new Error(`there is no deployment ${deploymentId}`);
    checkEnd(replayed.state, journal, this.world, await this.#owed(deploymentId));
    const twice = [...this.world.ledger].filter(([, times]) => times > 1);
    if (twice.length > 0) throw new Error(`these happened twice: ${canonicalJson(twice)}`);
    for (const host of this.world.options.hosts) {
      const digests = this.world.instances(host).map(({ digest }) => digest);
      if (new Set(digests).size < digests.length) throw new Error(`${host} runs a version twice: ${digests}`);
    }
    const damage = await this.store.journal.verify();
    if (damage.length > 0) throw new Error(damage[0]!.sentence);
  }

  async #owed(deploymentId: string): Promise<ReadonlySet<string>> {
    const owed = new Set<string>();
    const once = (what: string) => {
      if (owed.has(what)) throw new Error(`${what} was written twice`);
      owed.add(what);
    };
    for (const stream of await this.store.journal.streams('')) {
      for (const { body } of await this.store.journal.read(stream)) {
        if (!('deploymentId' in body) || body.deploymentId !== deploymentId) continue;
        if (body.type === 'environment.released') owed.add('release-environment');
        if (body.type === 'release.quarantined') once('quarantine');
        if (body.type === 'environment.pinned') once('pin');
      }
    }
    return owed;
  }
}

function hostsOf(plan: DeploymentPlan): readonly string[] {
  const all = plan.steps.flatMap(({ action }) => (action.type === 'start' ? action.hosts : []));
  return [...new Set(all)];
}
