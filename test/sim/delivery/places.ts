import type { EffectResult, ProbeResult } from '../../../src/delivery/machine/result.ts';
import type { Effect } from '../../../src/delivery/machine/turn.ts';
import type { DeploymentPlan } from '../../../src/delivery/plan.ts';

/** What the candidate is like. */
export type Nature = 'good' | 'harmful' | 'dying' | 'never-healthy' | 'silent' | 'lying';

type Answer = Pick<EffectResult, 'outcome' | 'reason' | 'isRefused'>;

/**
 * Hosts and the router, as the world sees them. They outlive every owner. A request has a ticket: whoever asks what became of an
 * effect, and hears "not done", makes all earlier requests for it void, as the contracts of target and router demand.
 */
export class Places {
  /** Effects that really happened, by key: what the target's own ledger counts. */
  readonly ledger = new Map<string, number>();
  readonly running = { candidate: new Set<string>(), stable: new Set<string>() };
  percent = 0;
  routerDeadUntil = 0;
  /** Set when something was not as it must always be. */
  broken: string | null = null;
  readonly #plan: DeploymentPlan;
  readonly #nature: Nature;
  readonly #outcomes = new Map<string, 'done' | 'failed'>();
  readonly #voidBelow = new Map<string, number>();
  #token = 0;
  #order = 0;

  constructor(plan: DeploymentPlan, nature: Nature) {
    this.#plan = plan;
    this.#nature = nature;
    if (plan.stable !== null) for (const host of this.#hosts()) this.running.stable.add(host);
  }

  /** A request arrives. `fails`: it is refused for a reason of the world's own. null: it is void. */
  arrive(effect: Effect, ticket: number, now: number, fails: boolean): Answer | null {
    if (ticket < (this.#voidBelow.get(effect.key) ?? 0)) return null;
    if (this.#isStale(effect)) return { outcome: 'failed', reason: 'a later owner was here' };
    this.#take(effect);
    const { type } = effect.action;
    if ((type === 'set-weight' || type === 'drain') && now < this.routerDeadUntil)
      return this.#record(effect.key, 'failed', 'connection refused');
    if (fails) return { ...this.#record(effect.key, 'failed', 'the disk is full'), isRefused: true };
    return this.#act(effect);
  }

  /** What the world shows of an effect. */
  probe(effect: Effect, ticket: number, now: number): Pick<ProbeResult, 'found' | 'reason'> {
    const { type } = effect.action;
    if ((type === 'set-weight' || type === 'drain') && now < this.routerDeadUntil)
      return { found: 'unknown', reason: 'connection refused' };
    this.#take(effect);
    this.#voidBelow.set(effect.key, ticket);
    const found = this.#outcomes.get(effect.key);
    return { found: found ?? 'not-done', reason: found === 'failed' ? 'it failed' : null };
  }

  #isStale({ token, order }: Effect): boolean {
    return token < this.#token || (token === this.#token && order < this.#order);
  }

  #take({ token, order }: Effect): void {
    if (token > this.#token) this.#order = order;
    this.#token = Math.max(token, this.#token);
    this.#order = Math.max(order, this.#order);
  }

  #record(key: string, outcome: 'done' | 'failed', reason: string | null): Answer {
    this.#outcomes.set(key, outcome);
    return { outcome, reason };
  }

  #act({ key, action }: Effect): Answer {
    switch (action.type) {
      case 'await-healthy': {
        const isUp = action.hosts.every((host) => this.running[action.version].has(host));
        const isHealthy = isUp && (action.version === 'stable' || this.#nature !== 'never-healthy');
        return this.#record(key, isHealthy ? 'done' : 'failed', isHealthy ? null : 'it does not answer');
      }
      case 'start':
        for (const host of action.hosts) this.running[action.version].add(host);
        break;
      case 'stop':
        for (const host of action.hosts) this.running[action.version].delete(host);
        break;
      case 'set-weight':
        this.percent = action.candidatePercent;
        break;
      default:
        break;
    }
    this.ledger.set(key, (this.ledger.get(key) ?? 0) + 1);
    if (this.ledger.get(key)! > 1) this.broken = `${key} happened twice`;
    this.#checkServed();
    return this.#record(key, 'done', null);
  }

  /** Versions that run beside each other: whoever gets traffic runs somewhere. */
  #checkServed(): void {
    if (this.#plan.strategy === 'recreate' || this.#plan.stable === null) return;
    if (this.percent > 0 && this.running.candidate.size === 0)
      this.broken = `${this.percent} % goes to a candidate that does not run`;
    if (this.percent < 100 && this.running.stable.size === 0)
      this.broken = `${100 - this.percent} % goes to a stable version that does not run`;
  }

  #hosts(): string[] {
    const all = this.#plan.steps.flatMap(({ action }) => (action.type === 'start' ? action.hosts : []));
    return [...new Set(all)];
  }

  get hosts(): number {
    return this.#hosts().length;
  }
}
