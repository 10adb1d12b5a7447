import { userError } from '../../base/diagnostic.ts';
import { newId } from '../../base/id.ts';
import type { Subject } from '../../journal/event.ts';
import { deploymentLease, deploymentStream } from '../../journal/stream.ts';
import type { Lease } from '../../store/contract.ts';
import { writeRequest } from './accept.ts';
import type { DeploymentControllerOptions, DrivenDeployment, NewDeployment } from './contract.ts';
import { DeploymentHost } from './deployment-host.ts';
import { isDeploymentOrphaned, isUnfinished } from './orphan.ts';
import { type Replayed, replayDeployment } from './replay.ts';

/** How long a silent owner keeps a deployment. It renews three times in that time. */
const LEASE_MS = 30_000;

/** Drives deployments in this process: any number at once, each under its own lease. */
export class DeploymentController {
  readonly #options: DeploymentControllerOptions;
  readonly #hosts = new Map<string, DeploymentHost>();
  readonly #driven = new Set<Promise<unknown>>();
  /** Deployments of dead owners that are being taken over just now. */
  readonly #taking = new Set<string>();
  #isAbandoned = false;

  constructor(options: DeploymentControllerOptions) {
    this.#options = options;
  }

  /** Accepts a deployment durably and begins to drive it. `subject`: repository, commit and commit time, as far as they are known. */
  async start(request: NewDeployment, subject: Subject = {}): Promise<DrivenDeployment> {
    const { clock, random, store, owners } = this.#options;
    const deploymentId = newId(clock.now(), random);
    const lease = await store.leases.acquire(deploymentLease(deploymentId), owners.self, LEASE_MS);
    if (!lease) throw new Error(`internal error: the new deployment ${deploymentId} already has an owner`);
    const accepted = await writeRequest({ store, clock, owners, subject }, deploymentId, request, lease);
    return this.#drive(lease, accepted);
  }

  /**
   * Takes over a deployment that has no living owner: one that was only accepted, or whose owner died. Errors (`UserError`): no such
   * deployment, it is over, its owner lives.
   */
  async resume(deploymentId: string): Promise<DrivenDeployment> {
    const { store } = this.#options;
    if ((await store.journal.head(deploymentStream(deploymentId))) === 0)
      throw unknownDeployment(deploymentId);
    const lease = await this.#takeLease(deploymentId);
    try {
      // Read only now: until the lease was taken the old owner could still write.
      const replayed = await replayDeployment(store.journal, deploymentId);
      if (replayed === null) throw unknownDeployment(deploymentId);
      if (!(await isUnfinished(store, deploymentId)))
        throw userError(
          'deployment-over',
          `deployment ${deploymentId} is over`,
          `sluice deployment show ${deploymentId}`,
        );
      return await this.#drive(lease, replayed);
    } catch (error) {
      await store.leases.release(lease);
      throw error;
    }
  }

  /** Ends the driving of all deployments at once, leaving them for a resume. */
  abandon(reason: string): void {
    this.#isAbandoned = true;
    for (const host of this.#hosts.values()) host.abandon(userError('abandoned', reason, undefined, 3));
  }

  /** Resolves when nothing is driven here any more, what was taken over from dead owners included. */
  async idle(): Promise<void> {
    while (this.#driven.size > 0) await Promise.allSettled(this.#driven);
  }

  async #takeLease(deploymentId: string): Promise<Lease> {
    const { store, owners } = this.#options;
    const name = deploymentLease(deploymentId);
    const holder = await store.leases.peek(name);
    if (holder && owners.alive(holder.owner) === false) await store.leases.break(name, holder.token);
    const isOwn = holder?.owner === owners.self && this.#hosts.has(deploymentId);
    const lease = isOwn ? null : await store.leases.acquire(name, owners.self, LEASE_MS);
    if (lease) return lease;
    const present = await store.leases.peek(name);
    throw userError(
      'deployment-owned',
      `deployment ${deploymentId} is driven by ${present ? owners.describe(present.owner) : 'another process'}, which is alive`,
      `follow it: sluice deployment show ${deploymentId}`,
    );
  }

  async #drive(lease: Lease, replayed: Replayed): Promise<DrivenDeployment> {
    const { store, clock, owners, open, onEvents } = this.#options;
    const { deploymentId } = replayed.state.request;
    const driving = await DeploymentHost.drive(
      {
        store,
        clock,
        owners,
        lease,
        open,
        onHolderSilent: (holder) => void this.#takeOver(holder),
        onEvents: (events, sequence) => onEvents?.(deploymentId, events, sequence),
      },
      replayed,
    );
    this.#hosts.set(deploymentId, driving);
    const stopBeating = this.#beat(lease, driving, deploymentId);
    const finished = driving.finished.finally(async () => {
      stopBeating();
      this.#hosts.delete(deploymentId);
      // A lease that cannot be released runs out by itself; a missing checkpoint is made up for by the next.
      await Promise.allSettled([store.leases.release(lease), store.journal.checkpoint()]);
    });
    const settled = finished.catch(() => {});
    this.#driven.add(settled);
    void settled.then(() => this.#driven.delete(settled));
    const leaveIfAsked = async () => {
      if (!driving.leaveIfAsked()) return false;
      await settled;
      return true;
    };
    return { deploymentId, finished, leaveIfAsked };
  }

  #beat(lease: Lease, host: DeploymentHost, deploymentId: string): () => void {
    const { store, clock } = this.#options;
    let stop = () => {};
    let isOver = false;
    const later = () => {
      stop = clock.after(LEASE_MS / 3, () => {
        store.leases.renew(lease, LEASE_MS).then(
          (isKept) => {
            if (isOver) return;
            if (isKept) later();
            else host.abandon(lostLease(deploymentId));
          },
          (error: Error) => host.abandon(error),
        );
      });
    };
    later();
    return () => {
      isOver = true;
      stop();
    };
  }

  /** Whoever waits behind a deployment that nobody drives would wait for ever, so it is driven here, to its end. */
  async #takeOver(deploymentId: string): Promise<void> {
    if (this.#isAbandoned || this.#hosts.has(deploymentId) || this.#taking.has(deploymentId)) return;
    this.#taking.add(deploymentId);
    try {
      if (await isDeploymentOrphaned(this.#options, deploymentId)) await this.resume(deploymentId);
    } catch {
      // Somebody else was quicker, or it cannot be had: it is looked at again.
    } finally {
      this.#taking.delete(deploymentId);
    }
  }
}

function unknownDeployment(deploymentId: string): Error {
  return userError('deployment-unknown', `there is no deployment ${deploymentId}`, 'sluice deployment list');
}

function lostLease(deploymentId: string): Error {
  return userError(
    'lease-lost',
    `another process took over deployment ${deploymentId}`,
    `sluice deployment show ${deploymentId}`,
    3,
  );
}
