import { userError } from '../../base/diagnostic.ts';
import type { JsonObject } from '../../base/json.ts';
import type { Clock } from '../../base/port.ts';
import { type DeploymentInput, decide } from '../../delivery/machine/decide.ts';
import type { DeploymentState } from '../../delivery/machine/state.ts';
import type { Decided, DeploymentCommand } from '../../delivery/machine/turn.ts';
import type { DeploymentEvent, DeploymentOutcome } from '../../journal/deployment-event.ts';
import type { Actor, NewEvent, Subject } from '../../journal/event.ts';
import { deploymentStream } from '../../journal/stream.ts';
import type { Lease, Store } from '../../store/contract.ts';
import type { Owners } from '../contract.ts';
import { EnvironmentClaim, releaseClaim } from './claim.ts';
import type { DeploymentControllerOptions } from './contract.ts';
import { type Debtor, pin, quarantine } from './debt.ts';
import { Effects } from './effect/effects.ts';
import { type EnvironmentName, servingIn } from './environment-journal.ts';
import { ignoredInput, watchInbox } from './inbox.ts';
import { Observation } from './observation.ts';
import { Places } from './places.ts';
import type { Replayed } from './replay.ts';
import { sweepReleases } from './sweep.ts';
import { Watchman } from './watchman.ts';

export interface DeploymentHostOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly owners: Owners;
  readonly lease: Lease;
  readonly open: DeploymentControllerOptions['open'];
  /** Whoever has the environment that this one waits for may have died. */
  readonly onHolderSilent: (deploymentId: string) => void;
  /** Sees every event in order, as soon as it is durable. */
  readonly onEvents: (events: readonly NewEvent[], sequence: number) => void;
}

/**
 * Drives one deployment: feeds what happens to the machine, makes its decisions durable, and only then performs its commands. The state
 * may run ahead of the disk; the world never does. When the journal refuses (another owner, a full disk, damage), or the environment
 * goes to another owner, the host breaks off: nothing further is begun and `finished` rejects with the reason.
 */
export class DeploymentHost {
  readonly finished: Promise<DeploymentOutcome>;
  readonly #options: DeploymentHostOptions;
  readonly #actor: Actor;
  readonly #subject: Subject;
  readonly #places: Places;
  readonly #effects: Effects;
  readonly #watchman: Watchman;
  readonly #observation: Observation;
  readonly #timers = new Map<string, () => void>();
  #state: DeploymentState;
  #sequence: number;
  #unwatchInbox: () => void = () => {};
  #claim: EnvironmentClaim | null = null;
  /** What is owed to others, one after the other. */
  #debts: Promise<void> = Promise.resolve();
  #broken: Error | null = null;
  #isOver = false;
  #resolve!: (outcome: DeploymentOutcome) => void;
  #reject!: (error: Error) => void;

  private constructor(options: DeploymentHostOptions, replayed: Replayed) {
    const { state, sequence, subject } = replayed;
    this.#options = options;
    this.#actor = { kind: 'controller', id: options.owners.self };
    this.#state = state;
    this.#sequence = sequence;
    this.#subject = subject;
    const { request, plan } = state;
    this.#places = new Places(() => options.open({ ...request, plan: plan as unknown as JsonObject }));
    this.#effects = new Effects({
      clock: options.clock,
      places: this.#places,
      state: () => this.#state,
      onInput: (input) => void this.feed(input),
    });
    const tell = (input: DeploymentInput) => void this.feed(input);
    this.#watchman = new Watchman(this.#places, tell);
    this.#observation = new Observation(options.clock, this.#places, tell);
    this.finished = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    // Whoever does not wait for the end must not be ended by it.
    this.finished.catch(() => {});
  }

  /** Goes on with a deployment whose journal is `replayed`. `resumed`: it had an owner before. */
  static async drive(options: DeploymentHostOptions, replayed: Replayed): Promise<DeploymentHost> {
    const host = new DeploymentHost(options, replayed);
    const { owners, lease } = options;
    const { owner } = replayed.state;
    await host.feed({ type: 'owned', owner: owners.self, fence: lease.token, resumed: owner !== null });
    host.#watchInbox(replayed.inboxSequence);
    return host;
  }

  /** Tells the machine something; `cause` names the event it comes from. Resolves when what it decided is durable; never rejects (see `finished`). */
  async feed(input: DeploymentInput, cause?: string): Promise<void> {
    if (this.#broken) return;
    await this.#take(input, cause);
  }

  /** Ends the host although the deployment is not over: it stays as the journal has it. */
  abandon(reason: Error): void {
    if (this.#broken || this.#isOver) return;
    this.#broken = reason;
    this.#tidy();
    const claim = this.#claim;
    void Promise.allSettled([claim?.leave(), this.#places.close()]).then(() => this.#reject(reason));
  }

  /** Leaves a deployment that only people can bring on, so that whoever answers drives it. Returns whether it was such. */
  leaveIfAsked(): boolean {
    const { phase, plan, approvedBy, request } = this.#state;
    if (this.#broken || phase !== 'waiting' || approvedBy.length >= plan.admission.approvals) return false;
    this.abandon(userError('left', `deployment ${request.deploymentId} waits for approval`));
    return true;
  }

  /** Whether anything came of it. */
  async #take(input: DeploymentInput, cause?: string): Promise<boolean> {
    const { clock, store, lease, onEvents } = this.#options;
    // What is stored is what was decided by: a replay must come to the same state.
    const at = clock.now();
    const { state, events, commands }: Decided = decide(this.#state, input, at);
    this.#state = state;
    if (events.length === 0) {
      this.#perform(commands);
      return false;
    }
    const entries = events.map((body) => this.#entry(body, at, cause));
    const expected = this.#sequence;
    this.#sequence += entries.length;
    try {
      await store.journal.append(deploymentStream(state.request.deploymentId), expected, entries, lease);
    } catch (error) {
      this.abandon(error as Error);
      return true;
    }
    if (this.#broken) return true;
    onEvents(entries, expected);
    this.#perform(commands);
    this.#watchman.look(this.#state);
    return true;
  }

  #entry(body: DeploymentEvent, at: number, cause?: string): NewEvent {
    const isWhole = body.type === 'deployment.finished' || body.type === 'deployment.baked';
    return {
      schemaVersion: 1,
      at,
      actor: this.#actor,
      ...(cause ? { cause } : {}),
      ...(isWhole ? { subject: this.#subject } : {}),
      body,
    };
  }

  #perform(commands: readonly DeploymentCommand[]): void {
    for (const command of commands) if (!this.#broken) this.#performOne(command);
  }

  #performOne(command: DeploymentCommand): void {
    switch (command.type) {
      case 'claim-environment':
        this.#claimEnvironment();
        return;
      case 'release-environment':
        this.#owe(() => this.#releaseEnvironment());
        return;
      case 'set-timer':
        this.#setTimer(command.id, command.afterMs);
        return;
      case 'perform':
        this.#effects.perform(command);
        return;
      case 'probe':
        this.#effects.probe(command);
        return;
      case 'observe':
        void this.#observation.begin(command, this.#state);
        return;
      case 'stop-observing':
        this.#observation.stop();
        return;
      case 'quarantine':
        this.#owe(() => quarantine(this.#debtor, command.digest, command.reason));
        return;
      case 'pin':
        this.#owe(() => pin(this.#debtor, command.digest, command.reason));
        return;
      case 'finish':
        this.#finish(command.outcome);
        return;
    }
  }

  #owe(pay: () => Promise<void>): void {
    // After the first that cannot be paid none is: whoever takes over pays them again, in order.
    this.#debts = this.#debts.then(async () => {
      if (!this.#broken) await pay();
    });
    this.#debts.catch((error: Error) => this.abandon(error));
  }

  get #name(): EnvironmentName {
    const { repository, environment } = this.#state.request;
    return { repository, environment };
  }

  get #debtor(): Debtor {
    const { deploymentId, service } = this.#state.request;
    const { store, clock } = this.#options;
    const { journal } = store;
    return { journal, actor: this.#actor, name: this.#name, deploymentId, service, now: clock.now() };
  }

  #claimEnvironment(): void {
    // It may have been given back just now, and is asked for again behind that.
    this.#owe(async () => {
      if (this.#claim !== null) return;
      const { store, clock, owners, onHolderSilent } = this.#options;
      const { deploymentId, service, turn, kind } = this.#state.request;
      this.#claim = new EnvironmentClaim({
        store,
        clock,
        owners,
        actor: this.#actor,
        name: this.#name,
        deploymentId,
        service,
        // Whoever goes back does not wait for what is to go.
        policy: turn ?? (kind === 'rollback' ? 'supersede' : 'queue'),
        listener: {
          onQueued: (behind) => void this.feed({ type: 'queued', behind }),
          onAdmitted: (token) => void this.#admit(token).catch((error: Error) => this.abandon(error)),
          onSuperseded: (by) => void this.feed({ type: 'superseded', by: `deployment ${by}` }),
          onHolderSilent,
          onBroken: (error) => this.abandon(error),
        },
      });
    });
  }

  /** Before the first step it must be known that it can act at all; later that is asked for again and again. */
  async #admit(token: number): Promise<void> {
    const { startedAtMs, request } = this.#state;
    if (startedAtMs === null) {
      const problem = await this.#places.open().then(
        () => null,
        (error: Error) => error.message,
      );
      if (problem !== null) {
        await this.feed({ type: 'cancel', by: 'sluice', reason: problem });
        return;
      }
    }
    const { digest } = await servingIn(this.#options.store.journal, this.#name, request.service);
    await this.feed({ type: 'admitted', token, running: digest });
    if (startedAtMs === null) await this.#tellDrift();
  }

  /** What is not as it was left: it changes nothing, but somebody should know. */
  async #tellDrift(): Promise<void> {
    const { target } = await this.#places.open();
    for (const message of await target.drift().catch(() => [])) await this.feed({ type: 'warning', message });
  }

  async #releaseEnvironment(): Promise<void> {
    const claim = this.#claim;
    this.#claim = null;
    const { store, clock } = this.#options;
    const { deploymentId } = this.#state.request;
    if (claim && this.#state.outcome === 'succeeded') await this.#sweep();
    if (claim) await claim.release();
    else await releaseClaim({ store, clock, actor: this.#actor, name: this.#name, deploymentId }, 'finished');
  }

  /** While the environment is still held. Nothing depends on it, so nothing of it is told. */
  async #sweep(): Promise<void> {
    const { token, order, request } = this.#state;
    if (token === null) return;
    const { deploymentId, service } = request;
    const owner = { deploymentId, service, fence: { token, order } };
    await this.#places
      .open()
      .then(({ target }) => sweepReleases(target, this.#options.store.journal, this.#name, owner))
      .catch(() => {});
  }

  #setTimer(id: string, afterMs: number): void {
    if (this.#timers.has(id)) return;
    const cancel = this.#options.clock.after(afterMs, () => {
      this.#timers.delete(id);
      void this.feed({ type: 'timer', id });
    });
    this.#timers.set(id, cancel);
  }

  #watchInbox(inboxSequence: number): void {
    if (this.#state.phase === 'finished') return;
    const { deploymentId } = this.#state.request;
    this.#unwatchInbox = watchInbox(this.#options.store.journal, deploymentId, inboxSequence, {
      onAsked: async (input, cause) => {
        if (this.#broken || this.#isOver) return;
        const before = this.#state;
        // What changed nothing is written down all the same, or the next owner would take it for new.
        if (!(await this.#take(input, cause))) await this.feed(ignoredInput(input, before), cause);
      },
      onBroken: (error) => this.abandon(error),
    });
  }

  #finish(outcome: DeploymentOutcome): void {
    this.#isOver = true;
    this.#tidy();
    void this.#debts
      .finally(() => this.#places.close())
      .then(
        () => this.#resolve(outcome),
        (error: Error) => this.#reject(error),
      );
  }

  #tidy(): void {
    this.#unwatchInbox();
    this.#observation.stop();
    this.#watchman.stop();
    this.#effects.stop();
    for (const cancel of this.#timers.values()) cancel();
    this.#timers.clear();
  }
}
