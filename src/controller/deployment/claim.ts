import { userError } from '../../base/diagnostic.ts';
import type { Clock } from '../../base/port.ts';
import { turnsOf } from '../../delivery/queue.ts';
import type { Actor } from '../../journal/event.ts';
import { environmentLease, environmentStream } from '../../journal/stream.ts';
import type { Lease, Store } from '../../store/contract.ts';
import type { Owners } from '../contract.ts';
import { appendToEnvironment, type EnvironmentName, readEnvironment } from './environment-journal.ts';

export interface ClaimOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly owners: Owners;
  readonly actor: Actor;
  readonly name: EnvironmentName;
  readonly deploymentId: string;
  readonly service: string;
  readonly policy: 'queue' | 'supersede';
  readonly listener: ClaimListener;
}

export interface ClaimListener {
  /** It waits behind these deployments. */
  onQueued(behind: readonly string[]): void;
  /** It has the environment; the token is that of the lease. */
  onAdmitted(token: number): void;
  /** A newer deployment takes its place. Told at most once. */
  onSuperseded(by: string): void;
  /** Whoever has the environment may have died; called now and then while this one waits. */
  onHolderSilent(deploymentId: string): void;
  /** It cannot go on: the journal refuses, or the environment was lost to another owner. */
  onBroken(error: Error): void;
}

/** How long a silent owner keeps an environment. It renews three times in that time. */
const LEASE_MS = 30_000;
const LOOK_AGAIN_MS = 2_000;

/**
 * One deployment's turn in an environment: a place in the environment's stream, and, while it is first there, the environment's lease
 * with a heartbeat. The token of the lease goes with every effect, so an owner that was thought dead cannot change anything any more.
 */
export class EnvironmentClaim {
  readonly #options: ClaimOptions;
  readonly #unwatch: () => void;
  #lease: Lease | null = null;
  #stopBeating: () => void = () => {};
  #stopLooking: () => void = () => {};
  #toldBehind = '';
  #isSuperseded = false;
  #isOver = false;
  #work: Promise<void>;

  constructor(options: ClaimOptions) {
    this.#options = options;
    const { store, name } = options;
    this.#work = this.#ask().catch((error: Error) => this.#break(error));
    this.#unwatch = store.journal.watch(environmentStream(name.repository, name.environment), () =>
      this.#lookLater(),
    );
    this.#lookLater();
  }

  /** Gives the environment, or the place in the queue, to whoever comes next. */
  async release(): Promise<void> {
    // The lease first: whoever sees the place free can have it at once.
    await this.leave();
    await releaseClaim(this.#options, this.#isSuperseded ? 'superseded' : 'finished');
  }

  /** Keeps the place in the queue for whoever takes the deployment over, and the lease no longer. */
  async leave(): Promise<void> {
    this.#end();
    await this.#work;
    // What is still on its way has this token; the next owner's is greater.
    if (this.#lease) await this.#options.store.leases.release(this.#lease);
  }

  #end(): void {
    this.#isOver = true;
    this.#stopBeating();
    this.#stopLooking();
    this.#unwatch();
  }

  async #ask(): Promise<void> {
    const { store, clock, actor, name, deploymentId, service, policy } = this.#options;
    await appendToEnvironment(store.journal, name, actor, clock.now(), (events) =>
      isOpen(events, deploymentId) ? null : { type: 'environment.claimed', deploymentId, service, policy },
    );
  }

  #lookLater(): void {
    this.#work = this.#work.then(() => this.#look()).catch((error: Error) => this.#break(error));
  }

  async #look(): Promise<void> {
    if (this.#isOver) return;
    const { store, deploymentId, name, listener } = this.#options;
    const turns = turnsOf(await readEnvironment(store.journal, name));
    const pushed = turns.superseded.find((one) => one.deploymentId === deploymentId);
    const isFirst = turns.holder === deploymentId;
    if (pushed && !this.#isSuperseded) {
      this.#isSuperseded = true;
      listener.onSuperseded(pushed.by);
    }
    if (isFirst && this.#lease === null) await this.#take();
    if (this.#isOver || this.#lease !== null) return;
    if (!isFirst) this.#tellBehind(turns);
    this.#stopLooking();
    this.#stopLooking = this.#options.clock.after(LOOK_AGAIN_MS, () => this.#lookLater());
  }

  #tellBehind({ holder, waiting }: ReturnType<typeof turnsOf>): void {
    const { deploymentId, listener } = this.#options;
    if (holder === null || this.#isSuperseded) return;
    const behind = [holder, ...waiting.slice(0, Math.max(0, waiting.indexOf(deploymentId)))];
    if (behind.join() !== this.#toldBehind) {
      this.#toldBehind = behind.join();
      listener.onQueued(behind);
    }
    listener.onHolderSilent(holder);
  }

  /** The lease may still be with an owner before, of this deployment or the last one: a dead one's is broken, else it runs out. */
  async #take(): Promise<void> {
    const { store, owners, name, listener } = this.#options;
    const lease = environmentLease(name.repository, name.environment);
    const present = await store.leases.peek(lease);
    if (present && owners.alive(present.owner) === false) await store.leases.break(lease, present.token);
    this.#lease = await store.leases.acquire(lease, owners.self, LEASE_MS);
    if (this.#lease === null || this.#isOver) return;
    this.#beatLater(this.#lease);
    listener.onAdmitted(this.#lease.token);
  }

  #beatLater(lease: Lease): void {
    const { store, clock } = this.#options;
    this.#stopBeating = clock.after(LEASE_MS / 3, () => {
      store.leases.renew(lease, LEASE_MS).then(
        (isKept) => {
          if (this.#isOver) return;
          if (isKept) this.#beatLater(lease);
          else this.#break(lostEnvironment(this.#options));
        },
        (error: Error) => this.#break(error),
      );
    });
  }

  #break(error: Error): void {
    if (this.#isOver) return;
    this.#end();
    this.#options.listener.onBroken(error);
  }
}

function lostEnvironment({ name, deploymentId }: ClaimOptions): Error {
  return userError(
    'environment-lost',
    `another process took over ${name.environment}, which deployment ${deploymentId} had`,
    `sluice deployment show ${deploymentId}`,
    3,
  );
}

type Claimant = Pick<ClaimOptions, 'store' | 'clock' | 'actor' | 'name' | 'deploymentId'>;

/** Takes the deployment out of the queue; does nothing when it is not in it. */
export function releaseClaim(
  { store, clock, actor, name, deploymentId }: Claimant,
  reason: 'finished' | 'superseded',
): Promise<void> {
  return appendToEnvironment(store.journal, name, actor, clock.now(), (events) =>
    isOpen(events, deploymentId) ? { type: 'environment.released', deploymentId, reason } : null,
  );
}

/** Whether the deployment has asked for the environment and not given it back. */
export function isOpen(events: Parameters<typeof turnsOf>[0], deploymentId: string): boolean {
  const last = events.findLast(
    (event) =>
      (event.type === 'environment.claimed' || event.type === 'environment.released') &&
      event.deploymentId === deploymentId,
  );
  return last?.type === 'environment.claimed';
}
