import { userError } from '../base/diagnostic.ts';
import { newId } from '../base/id.ts';
import type { Clock, Random } from '../base/port.ts';
import { apply, begin } from '../engine/apply.ts';
import type { RunRequested } from '../engine/course.ts';
import type { NewEvent, StoredEvent, Subject } from '../journal/event.ts';
import type { RunEvent, RunOutcome } from '../journal/run-event.ts';
import { inboxStream, runLease, runStream } from '../journal/stream.ts';
import type { Runner } from '../runner/contract.ts';
import type { Lease, Store } from '../store/contract.ts';
import type { Owners } from './contract.ts';
import { isOrphaned } from './orphan.ts';
import { RunHost } from './run-host.ts';
import { needsNumber, nextRunNumber } from './run-number.ts';

/** How long a silent owner keeps a run. It renews three times in that time. */
const LEASE_MS = 30_000;

/** So many of the last events are looked at for attempts that the dead owner may not have released. */
const RELEASED_AGAIN = 500;

export interface DrivenRun {
  readonly runId: string;
  /** Rejects only when Sluice itself could not go on; the run can then be resumed. */
  readonly finished: Promise<RunOutcome>;
  /**
   * Leaves the run when nothing but people can bring it on: whoever answers takes it over. Resolves to whether it was left; then
   * `finished` has rejected.
   */
  leaveIfAsked(): Promise<boolean>;
}

export interface ControllerOptions {
  readonly store: Store;
  readonly runner: Runner;
  readonly clock: Clock;
  readonly random: Random;
  readonly owners: Owners;
  /** Sees every event of the driven runs in order, as soon as it is durable. */
  readonly onEvents?: (runId: string, events: readonly (NewEvent | StoredEvent)[], sequence: number) => void;
}

/** Drives runs in this process: any number at once, each under its own lease. */
export class Controller {
  readonly #options: ControllerOptions;
  readonly #hosts = new Map<string, RunHost>();

  constructor(options: ControllerOptions) {
    this.#options = options;
  }

  /** Accepts a run durably and begins to drive it. */
  async start(request: Omit<RunRequested, 'type' | 'runId'>): Promise<DrivenRun> {
    const { clock, random, store, owners } = this.#options;
    const runId = newId(clock.now(), random);
    const lease = await store.leases.acquire(runLease(runId), owners.self, LEASE_MS);
    if (!lease) throw new Error(`internal error: the new run ${runId} already has an owner`);
    const number = await this.#number(runId, request);
    const requested: RunRequested = { type: 'run.requested', runId, ...request, ...number };
    const subject = this.#subject(requested);
    return this.#drive(
      runId,
      lease,
      await RunHost.start(this.#hostOptions(runId, lease, subject), requested),
    );
  }

  /** A run that needs a number gets one, unless it repeats another run. */
  async #number(runId: string, request: Omit<RunRequested, 'type' | 'runId'>): Promise<{ number?: number }> {
    const { number, file, plan, source } = request;
    if (number !== undefined || !needsNumber(plan, source.tag)) return {};
    const { clock, store, owners } = this.#options;
    const actor = { kind: 'controller', id: owners.self } as const;
    const { repository } = source;
    return {
      number: await nextRunNumber(store.journal, { repository, file }, { runId, actor, atMs: clock.now() }),
    };
  }

  /**
   * Takes over a run that has no living owner. Errors (`UserError`): no such run, it is over, its owner lives.
   */
  async resume(runId: string): Promise<DrivenRun> {
    const { store } = this.#options;
    const [first] = await store.journal.read(runStream(runId), 0, 1);
    if (first?.body.type !== 'run.requested')
      throw userError('run-unknown', `there is no run ${runId}`, 'sluice list');
    const lease = await this.#takeLease(runId);
    try {
      // Read only now: until the lease was taken the old owner could still write.
      const { state, events, inboxSequence } = await this.#replay(runId);
      const subject = first.subject ?? this.#subject(first.body);
      const options = this.#hostOptions(runId, lease, subject);
      const host = await RunHost.resume(options, state, events.length, inboxSequence);
      // Those whose reports were the last before the crash may not have been released.
      for (const { body } of events.slice(-RELEASED_AGAIN)) {
        if (body.type === 'cell.finished') host.release(body.cell, body.attempt);
      }
      for (const { body, sequence } of events)
        if (body.type === 'cell.finished') host.recordVerdict(body, sequence);
      return this.#drive(runId, lease, host);
    } catch (error) {
      await store.leases.release(lease);
      throw error;
    }
  }

  async #replay(runId: string) {
    const events = await this.#options.store.journal.read(runStream(runId));
    const [first, ...rest] = events;
    let state = begin(first!.body as RunRequested, first!.at);
    let inboxSequence = 0;
    for (const event of rest) {
      state = apply(state, event.body as RunEvent, event.at);
      const [stream, sequence] = event.cause?.split('#') ?? [];
      if (stream === inboxStream(runId)) inboxSequence = Number(sequence);
    }
    if (state.phase === 'finished')
      throw userError('run-over', `run ${runId} is over`, `sluice rerun ${runId}`);
    return { state, events, inboxSequence };
  }

  /** Ends the driving of all runs at once, leaving them for a resume. */
  abandon(reason: string): void {
    for (const host of this.#hosts.values()) host.abandon(userError('abandoned', reason, undefined, 3));
  }

  async #takeLease(runId: string): Promise<Lease> {
    const { store, owners } = this.#options;
    const name = runLease(runId);
    const holder = await store.leases.peek(name);
    if (holder && owners.alive(holder.owner) === false) await store.leases.break(name, holder.token);
    const lease = await store.leases.acquire(name, owners.self, LEASE_MS);
    if (lease) return lease;
    const present = await store.leases.peek(name);
    throw userError(
      'run-owned',
      `run ${runId} is driven by ${present ? owners.describe(present.owner) : 'another process'}, which is alive`,
      `follow it: sluice logs -f ${runId}; or stop it: sluice cancel ${runId}`,
    );
  }

  #drive(runId: string, lease: Lease, host: RunHost): DrivenRun {
    this.#hosts.set(runId, host);
    const { store, clock } = this.#options;
    let stop = () => {};
    const renewLater = () => {
      stop = clock.after(LEASE_MS / 3, () => {
        store.leases.renew(lease, LEASE_MS).then(
          (kept) => (kept ? renewLater() : host.abandon(lostLease(runId))),
          (error: Error) => host.abandon(error),
        );
      });
    };
    renewLater();
    // Beside the run; what cannot be tidied now is found again next time.
    void this.#options.runner.tidy((other) => this.#isOver(other)).catch(() => {});
    const finished = host.finished.finally(async () => {
      stop();
      this.#hosts.delete(runId);
      // A lease that cannot be released runs out by itself; a missing checkpoint is made up for by the next, and files that
      // are left are tidied by it.
      await Promise.allSettled([
        store.leases.release(lease),
        store.journal.checkpoint(),
        this.#options.runner.releaseRun(runId),
      ]);
    });
    finished.catch(() => {});
    const leaveIfAsked = async () => {
      if (!host.leaveIfAsked()) return false;
      await finished.catch(() => {});
      return true;
    };
    return { runId, finished, leaveIfAsked };
  }

  /**
   * Only what this journal knows to be over, or to have died before it was accepted: anything else in the folder may be
   * somebody's.
   */
  async #isOver(runId: string): Promise<boolean> {
    const { journal, leases } = this.#options.store;
    if (this.#hosts.has(runId)) return false;
    const head = await journal.head(runStream(runId));
    if (head === 0) {
      const owner = await leases.lastOwner(runLease(runId));
      return owner !== null && this.#options.owners.alive(owner) === false;
    }
    const [last] = await journal.read(runStream(runId), head - 1, 1);
    return last?.body.type === 'run.finished';
  }

  #hostOptions(runId: string, lease: Lease, subject: Subject) {
    const { store, runner, clock, owners, onEvents } = this.#options;
    return {
      store,
      runner,
      clock,
      owner: owners.self,
      lease,
      subject,
      isGone: (holder: string) => this.#isGone(holder),
      isSameBoot: (owner: string) => owners.isSameBoot(owner),
      onEvents: (events: readonly (NewEvent | StoredEvent)[], sequence: number) =>
        onEvents?.(runId, events, sequence),
    };
  }

  async #isGone(holder: string): Promise<boolean> {
    const runId = holder.split('/')[0]!;
    if (this.#hosts.has(runId)) return false;
    const { store, owners, clock } = this.#options;
    return isOrphaned(runId, store.leases, owners, clock);
  }

  #subject(request: RunRequested): Subject {
    const { repository, commit, commitTimeMs } = request.source;
    return {
      repository,
      ...(commit ? { commit } : {}),
      ...(commitTimeMs !== null ? { commitTimeMs } : {}),
      trust: request.trust ?? 'trusted',
      traceId: Buffer.from(this.#options.random.bytes(16)).toString('hex'),
    };
  }
}

function lostLease(runId: string): Error {
  return userError('lease-lost', `another process took over run ${runId}`, `sluice show ${runId}`, 3);
}
