import type { Clock } from '../../../src/base/port.ts';
import type { Window } from '../../../src/delivery/analysis/window.ts';
import type { Fence } from '../../../src/delivery/fence.ts';
import type { DeploymentPlan } from '../../../src/delivery/plan.ts';
import type { RouterReply, Traffic } from '../../../src/delivery/router/contract.ts';
import { findTrafficProblem, isOlder } from '../../../src/delivery/router/traffic.ts';
import type { Span } from '../../../src/delivery/source/contract.ts';
import type {
  Change,
  CommandEnd,
  Down,
  HealthEnd,
  Instance,
  Probed,
  Release,
  TargetReply,
} from '../../../src/delivery/target/contract.ts';
import type { Nature } from '../../sim/delivery/places.ts';

export type Verb =
  | 'install'
  | 'start'
  | 'stop'
  | 'run'
  | 'setWeights'
  | 'drain'
  | 'remove'
  | 'state'
  | 'probe';

/** What becomes of a call: it is as usual, it never arrives, only its reply is lost, or the host fails. */
export type Fate = 'usual' | 'lost-request' | 'lost-reply' | 'fails';

export interface WorldOptions {
  readonly clock: Clock;
  readonly plan: Pick<DeploymentPlan, 'candidate' | 'stable'>;
  readonly hosts: readonly string[];
  /** A test may change it. */
  nature: Nature;
  readonly fate?: (verb: Verb, key: string) => Fate;
}

/** Of each version together. */
const REQUESTS_PER_SECOND = 400;
const CALL_MS = 20;
/** Longer than anybody waits. */
const LATE_MS = 90_000;

/**
 * Hosts, a router and the traffic through it, in virtual time. They outlive every owner, keep receipts and fences as their contracts
 * demand, and count each effect: a ledger that the controller cannot forge.
 */
export class World {
  readonly options: WorldOptions;
  readonly ledger = new Map<string, number>();
  readonly problems: string[] = [];
  traffic: Traffic | null = null;
  routerDeadUntilMs = 0;
  /** Every weight that the router was told, in order. */
  readonly weights: number[] = [];
  readonly commands: string[] = [];
  readonly removed: string[] = [];
  readonly #instances: Instance[] = [];
  readonly #receipts = new Map<string, { readonly reply: TargetReply; readonly host: string }>();
  readonly #void = new Map<string, number>();
  readonly #seen = new Map<string, Fence>();
  readonly #watchers = new Set<{ readonly digest: string; readonly onDown: (down: Down) => void }>();
  #calls = 0;
  #ports = 3000;

  constructor(options: WorldOptions) {
    this.options = options;
    const { stable } = options.plan;
    if (stable === null) return;
    for (const host of options.hosts) this.#begin(host, stable);
    this.traffic = {
      versions: [{ version: stable, weightPercent: 100, backends: this.#backends(stable), standby: true }],
      rules: [],
      stickiness: null,
      thresholdsMs: [],
    };
  }

  // What test/sim/delivery/invariant.ts looks at.
  get hosts(): number {
    return this.options.hosts.length;
  }

  get running() {
    const { candidate, stable } = this.options.plan;
    const on = (digest: string | null) =>
      new Set(
        this.#instances.filter((one) => one.isRunning && one.digest === digest).map(({ host }) => host),
      );
    return { candidate: on(candidate), stable: on(stable) };
  }

  get percent(): number {
    const found = this.traffic?.versions.find(({ version }) => version === this.options.plan.candidate);
    return found?.weightPercent ?? 0;
  }

  instances(host: string): readonly Instance[] {
    return this.#instances.filter((one) => one.host === host);
  }

  /** Waits as a call over a wire does. */
  travel(): Promise<void> {
    return new Promise((resolve) => this.options.clock.after(CALL_MS, resolve));
  }

  install(change: Change, _release: Release): Promise<TargetReply> {
    return this.#change('install', change, () => DONE);
  }

  start(change: Change, release: Release): Promise<TargetReply> {
    return this.#change('start', change, () => {
      for (let copy = 0; copy < (release.resources.replicas ?? 1); copy++)
        this.#begin(change.host, release.digest);
      return DONE;
    });
  }

  stop(change: Change, digest: string): Promise<TargetReply> {
    return this.#change('stop', change, () => {
      this.#end(change.host, digest);
      return DONE;
    });
  }

  run(change: Change, text: string): Promise<TargetReply> {
    return this.#change('run', change, () => {
      this.commands.push(text);
      const end: CommandEnd = { code: text.includes('false') ? 1 : 0, tail: [`ran ${text}`] };
      return { outcome: 'done', end };
    });
  }

  async probe(change: Change): Promise<Probed> {
    await this.travel();
    if (this.#fate('probe', change.key) !== 'usual') return { found: 'unknown', reason: 'the wire is cut' };
    this.#see(change.host, change.fence);
    this.#void.set(change.key, ++this.#calls);
    const reply = this.#receipts.get(change.key)?.reply;
    if (reply === undefined) return { found: 'not-done' };
    if (reply.outcome === 'done') return { found: 'done', end: reply.end };
    return { found: 'failed', reason: reply.reason };
  }

  async health(instances: readonly Instance[]): Promise<HealthEnd> {
    await this.travel();
    const { nature, plan } = this.options;
    const bad = instances.find(
      (one) => !this.#isUp(one.id) || (nature === 'never-healthy' && one.digest === plan.candidate),
    );
    if (!bad) return { state: 'healthy' };
    return { state: 'unhealthy', host: bad.host, reason: 'it does not answer', tail: ['listen EADDRINUSE'] };
  }

  watch(digest: string, onDown: (down: Down) => void): () => void {
    const watcher = { digest, onDown };
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  /** An instance of a digest ends for good. */
  crash(digest: string): void {
    const found = this.#instances.find((one) => one.digest === digest && one.isRunning);
    if (!found) return;
    this.#replace(found, { ...found, isRunning: false });
    for (const watcher of this.#watchers)
      if (watcher.digest === digest) watcher.onDown({ host: found.host, reason: 'it exited', tail: [] });
  }

  async setWeights(fence: Fence, traffic: Traffic): Promise<RouterReply> {
    const key = `weights/${fence.token}/${fence.order}`;
    const fate = this.#fate('setWeights', key);
    if (fate === 'lost-request') {
      this.options.clock.after(LATE_MS, () => this.#route(fence, traffic));
      return this.#silence();
    }
    await this.travel();
    if (this.#isRouterDead || fate === 'fails') return { outcome: 'unknown', reason: 'connection refused' };
    const reply = this.#route(fence, traffic);
    return fate === 'lost-reply' ? this.#silence() : reply;
  }

  async routerState() {
    await this.travel();
    if (this.#isRouterDead || this.#fate('state', 'state') !== 'usual')
      return { outcome: 'unknown', reason: 'connection refused' } as const;
    const fence = this.#seen.get('router') ?? null;
    const listen = { host: '127.0.0.1', port: 80 };
    return { outcome: 'known', fence, traffic: this.traffic, listen, open: {}, down: [] } as const;
  }

  async drain(fence: Fence, version: string) {
    await this.travel();
    if (this.#isRouterDead) return { outcome: 'unknown', reason: 'connection refused' } as const;
    const late = this.#late('router', fence);
    if (late) return late;
    if (this.#weightOf(version) > 0)
      return { outcome: 'refused', cause: 'invalid', reason: `${version} has weight` } as const;
    return { outcome: 'done', open: 0 } as const;
  }

  removeRelease(change: Change, digest: string): Promise<TargetReply> {
    return this.#change('remove', change, () => {
      this.removed.push(`${change.host} ${digest}`);
      return DONE;
    });
  }

  async remove(fence: Fence, version: string): Promise<RouterReply> {
    await this.travel();
    if (this.#isRouterDead) return { outcome: 'unknown', reason: 'connection refused' };
    const late = this.#late('router', fence);
    if (late) return late;
    if (this.#weightOf(version) > 0)
      return { outcome: 'refused', cause: 'invalid', reason: `${version} has weight` };
    if (this.traffic)
      this.traffic = {
        ...this.traffic,
        versions: this.traffic.versions.filter((one) => one.version !== version),
      };
    return { outcome: 'done', warning: null };
  }

  /** What happened in a span, by the weights that the router has now. */
  window(span: Span): Window | null {
    const { nature } = this.options;
    if (nature === 'silent') return null;
    const seconds = (span.toMs - span.fromMs) / 1000;
    const requests = Math.round(REQUESTS_PER_SECOND * seconds);
    const canary = Math.round((requests * this.#weightOf(span.candidate)) / 100);
    const rate = nature === 'harmful' ? 0.3 : 0.003;
    const counts = (count: number, share: number) => ({
      requests: count,
      errors: Math.round(count * share),
      exceed: {
        q50: Math.round(count * 0.5),
        q90: Math.round(count * 0.1),
        q95: Math.round(count * 0.05),
        q99: Math.round(count * 0.01),
      },
      samples: Object.fromEntries(Object.keys(span.slowMs).map((name) => [name, { taken: count, bad: 0 }])),
    });
    const window = {
      at: span.toMs,
      canary: counts(canary, rate),
      baseline: counts(requests - canary, 0.003),
    };
    return nature === 'lying' ? ({ ...window, canary: { requests: 1, errors: 2 } } as Window) : window;
  }

  #backends(digest: string) {
    return this.#instances
      .filter((one) => one.digest === digest && one.isRunning)
      .map(({ address }) => ({ host: address!.split(':')[0]!, port: Number(address!.split(':')[1]) }));
  }

  #begin(host: string, digest: string): void {
    const port = this.#ports++;
    const { clock } = this.options;
    this.#instances.push({
      id: `${host}/${port}`,
      host,
      digest,
      address: `${host}:${port}`,
      startedAtMs: clock.now(),
      isRunning: true,
    });
  }

  #end(host: string, digest: string): void {
    for (const one of this.#instances.filter((each) => each.host === host && each.digest === digest)) {
      this.#instances.splice(this.#instances.indexOf(one), 1);
    }
    this.#checkServed();
  }

  #replace(old: Instance, now: Instance): void {
    this.#instances.splice(this.#instances.indexOf(old), 1, now);
  }

  #isUp(id: string): boolean {
    return this.#instances.some((one) => one.id === id && one.isRunning);
  }

  #weightOf(digest: string): number {
    return this.traffic?.versions.find(({ version }) => version === digest)?.weightPercent ?? 0;
  }

  get #isRouterDead(): boolean {
    return this.options.clock.monotonic() < this.routerDeadUntilMs;
  }

  #fate(verb: Verb, key: string): Fate {
    return this.options.fate?.(verb, key) ?? 'usual';
  }

  #route(fence: Fence, traffic: Traffic): RouterReply {
    const late = this.#late('router', fence);
    if (late) return late;
    const problem = findTrafficProblem(traffic);
    if (problem) return { outcome: 'refused', cause: 'invalid', reason: problem };
    this.traffic = traffic;
    if (this.weights.at(-1) !== this.percent) this.weights.push(this.percent);
    this.#checkServed();
    return { outcome: 'done', warning: null };
  }

  /** Whoever has weight runs. */
  #checkServed(): void {
    for (const { version, weightPercent, backends } of this.traffic?.versions ?? []) {
      const alive = backends.filter(({ host, port }) => this.#isUp(`${host}/${port}`));
      if (weightPercent > 0 && alive.length === 0)
        this.problems.push(`${weightPercent} % goes to ${version}, which does not run`);
    }
  }

  async #change(verb: Verb, change: Change, act: () => TargetReply): Promise<TargetReply> {
    const call = ++this.#calls;
    const fate = this.#fate(verb, change.key);
    if (fate === 'lost-request') {
      // It may still come, long after.
      this.options.clock.after(LATE_MS, () => this.#arrive(call, change, act));
      return this.#silence();
    }
    await this.travel();
    if (fate === 'fails')
      return { outcome: 'refused', cause: 'failed', reason: 'the disk is full; make room' };
    const reply = this.#arrive(call, change, act);
    return fate === 'lost-reply' ? this.#silence() : reply;
  }

  #silence(): Promise<never> {
    return new Promise(() => {});
  }

  #arrive(call: number, change: Change, act: () => TargetReply): TargetReply {
    if (call < (this.#void.get(change.key) ?? 0))
      return { outcome: 'refused', cause: 'older-fence', reason: 'it was given up' };
    const known = this.#receipts.get(change.key);
    if (known) return known.reply;
    const late = this.#late(change.host, change.fence);
    if (late) return late;
    const reply = act();
    this.#receipts.set(change.key, { reply, host: change.host });
    this.ledger.set(change.key, (this.ledger.get(change.key) ?? 0) + 1);
    return reply;
  }

  #late(place: string, fence: Fence) {
    if (isOlder(fence, this.#seen.get(place) ?? null))
      return { outcome: 'refused', cause: 'older-fence', reason: 'a later owner was here' } as const;
    this.#see(place, fence);
    return null;
  }

  #see(place: string, fence: Fence): void {
    if (!isOlder(fence, this.#seen.get(place) ?? null)) this.#seen.set(place, fence);
  }
}

const DONE: TargetReply = { outcome: 'done', end: null };
