import { canonicalJson } from '../../../src/base/json.ts';
import { apply, begin } from '../../../src/delivery/machine/apply.ts';
import { type DeploymentInput, decide, decideRequest } from '../../../src/delivery/machine/decide.ts';
import type { DeploymentRequested, DeploymentState } from '../../../src/delivery/machine/state.ts';
import type { Decided, DeploymentCommand } from '../../../src/delivery/machine/turn.ts';
import type { DeploymentPlan } from '../../../src/delivery/plan.ts';
import type { DeploymentEvent } from '../../../src/journal/deployment-event.ts';
import type { Seeded } from '../random.ts';
import { sayEvidence } from './evidence.ts';
import { checkEnd, checkEvent } from './invariant.ts';
import { type Nature, Places } from './places.ts';

/** How much goes wrong. Probabilities, but `crashAt`: after exactly these appends the owner dies. */
export interface Misfortune {
  readonly nature: Nature;
  readonly crashAt: readonly number[];
  readonly crashAfterAppend: number;
  readonly crashBeforeAppend: number;
  readonly lostRequest: number;
  readonly lostReply: number;
  readonly failure: number;
  readonly deadRouter: number;
  readonly doubled: number;
  readonly clockJump: number;
  /** A person, or a newer deployment, interferes. */
  readonly meddling: number;
}

export const NO_MISFORTUNE: Misfortune = {
  nature: 'good',
  crashAt: [],
  crashAfterAppend: 0,
  crashBeforeAppend: 0,
  lostRequest: 0,
  lostReply: 0,
  failure: 0,
  deadRouter: 0,
  doubled: 0,
  clockJump: 0,
  meddling: 0,
};

export interface Entry {
  readonly event: DeploymentEvent;
  readonly at: number;
}

const TURNS_MAX = 20_000;
const RESTART_MS = 5000;
const CRASH = new Error('crash');

/**
 * One deployment in virtual time on a journal that is an array: an owner that can die at any moment and come back, hosts and a
 * router that live on, lost requests and replies, doubled news, a jumping clock. Checks after each event what must always hold.
 */
export class DeploymentWorld {
  readonly journal: Entry[] = [];
  readonly places: Places;
  readonly plan: DeploymentPlan;
  readonly request: DeploymentRequested;
  /** What the host was told to do for others: the environment is free, the digest is in quarantine, the pin. */
  readonly owed = new Set<'release-environment' | 'quarantine' | 'pin'>();
  appends = 0;
  crashes = 0;
  readonly #random: Seeded;
  readonly #misfortune: Misfortune;
  #queue: { at: number; order: number; life: number | null; act: () => void }[] = [];
  #state: DeploymentState | null = null;
  #life = 1;
  #token = 0;
  #ticket = 0;
  #observing = 0;
  /** Keys whose effect may be on its way: asking for it again without having asked the world is a blind repetition. */
  readonly #sent = new Set<string>();
  #now = 1_000_000;
  #wall = 1_700_000_000_000;
  #order = 0;

  constructor(request: DeploymentRequested, random: Seeded, misfortune: Misfortune) {
    this.request = request;
    this.plan = request.plan as unknown as DeploymentPlan;
    this.#random = random;
    this.#misfortune = misfortune;
    this.places = new Places(this.plan, misfortune.nature);
  }

  /** Runs to the end. Throws when an invariant breaks or it does not end. */
  run(): DeploymentState {
    this.#plotMeddling();
    for (let turns = 0; ; turns++) {
      if (turns > TURNS_MAX) throw new Error('the deployment does not end');
      if (!this.#state) this.#comeBack();
      // It may die while it comes back.
      if (!this.#state) continue;
      if (this.#queue.length === 0) break;
      const next = this.#take();
      this.#now = Math.max(this.#now, next.at);
      if (next.life !== null && next.life !== this.#life) continue;
      if (this.#random.chance(this.#misfortune.clockJump))
        this.#wall += Math.round((this.#random.next() - 0.5) * 48 * 3_600_000);
      this.#guard(next.act);
      if (this.places.broken) throw new Error(this.places.broken);
    }
    const state = this.#state ?? this.#replay();
    if (state.phase !== 'finished') throw new Error(`nothing is left to do, but it is ${state.phase}`);
    if (canonicalJson(this.#replay()) !== canonicalJson(state))
      throw new Error('replaying the journal gives another state');
    checkEnd(state, this.journal, this.places, this.owed);
    return state;
  }

  #clock(): number {
    return this.#now + this.#wall;
  }

  #take() {
    let first = 0;
    for (let index = 1; index < this.#queue.length; index++) {
      const [one, best] = [this.#queue[index]!, this.#queue[first]!];
      if (one.at < best.at || (one.at === best.at && one.order < best.order)) first = index;
    }
    return this.#queue.splice(first, 1)[0]!;
  }

  #later(delayMs: number, life: number | null, act: () => void): void {
    this.#queue.push({ at: this.#now + delayMs, order: this.#order++, life, act });
  }

  /** Runs one action of the owner; a crash inside ends the owner, not the world. */
  #guard(act: () => void): void {
    try {
      act();
    } catch (error) {
      if (error !== CRASH) throw error;
      this.crashes += 1;
      this.#life += 1;
      this.#state = null;
      this.#observing += 1;
      this.#queue = this.#queue.filter(({ life }) => life === null);
      this.#now += this.#random.below(RESTART_MS);
    }
  }

  #commit(decided: Decided): void {
    if (decided.events.length > 0 && this.#random.chance(this.#misfortune.crashBeforeAppend)) throw CRASH;
    const at = this.#clock();
    for (const event of decided.events) {
      checkEvent(event, this.journal, this.plan);
      this.journal.push({ event, at });
    }
    this.#state = decided.state;
    if (decided.events.length > 0) {
      this.appends += 1;
      if (this.#misfortune.crashAt.includes(this.appends)) throw CRASH;
      if (this.#random.chance(this.#misfortune.crashAfterAppend)) throw CRASH;
    }
    for (const command of decided.commands) this.#perform(command);
  }

  #feed(input: DeploymentInput): void {
    if (!this.#state) return;
    this.#commit(decide(this.#state, input, this.#clock()));
    if (input.type === 'owned' || !this.#random.chance(this.#misfortune.doubled) || !this.#state) return;
    const twice = decide(this.#state, input, this.#clock());
    if (twice.events.length > 0)
      throw new Error(`told twice, ${input.type} changed something: ${canonicalJson(twice.events)}`);
  }

  #replay(): DeploymentState {
    const [first, ...rest] = this.journal;
    let state = begin(first!.event as DeploymentRequested, first!.at);
    for (const { event, at } of rest) state = apply(state, event, at);
    return state;
  }

  #comeBack(): void {
    this.#guard(() => {
      if (this.journal.length === 0) {
        this.#commit(decideRequest(this.request, this.#clock()));
        return;
      }
      this.#state = this.#replay();
      this.#feed({ type: 'owned', owner: `life ${this.#life}`, fence: this.#life, resumed: true });
    });
  }

  #plotMeddling(): void {
    const { binding } = this.request;
    for (let people = 0; people < this.plan.admission.approvals; people++) {
      const given = { by: `person ${people}`, teams: [], reason: null, ...binding };
      this.#later(this.#random.below(60_000), null, () => this.#feed({ type: 'approve', ...given }));
    }
    if (!this.#random.chance(this.#misfortune.meddling)) return;
    const input = this.#random.pick<DeploymentInput>([
      { type: 'cancel', by: 'ada', reason: 'it looks odd' },
      { type: 'superseded', by: 'd2' },
      { type: 'alarm', name: 'paging', reason: 'it fired' },
      { type: 'train-back', by: 'd0', reason: 'it harmed' },
      { type: 'reject', by: 'ada', reason: 'not today' },
      { type: 'proceed', by: 'ada', reason: 'it is known' },
    ]);
    // Whether anybody listens just then is chance too, so it is said several times.
    const withinMs = this.#random.pick([20_000, 600_000]);
    for (let times = 0; times < 3; times++)
      this.#later(this.#random.below(withinMs), null, () => this.#feed(input));
  }

  #perform(command: DeploymentCommand): void {
    const life = this.#life;
    switch (command.type) {
      case 'set-timer':
        this.#later(command.afterMs, life, () => this.#feed({ type: 'timer', id: command.id }));
        return;
      case 'claim-environment':
        this.#claim(life);
        return;
      case 'perform':
        this.#send(command, life);
        return;
      case 'probe':
        this.#probe(command, life);
        return;
      case 'observe':
        this.#observing += 1;
        this.#observe(command, this.#observing, command.look, life);
        return;
      case 'stop-observing':
        this.#observing += 1;
        return;
      case 'finish':
        // Nothing is left of the owner's own after the end.
        this.#queue = this.#queue.filter((one) => one.life === null);
        return;
      case 'release-environment':
      case 'quarantine':
      case 'pin':
        this.owed.add(command.type);
        return;
    }
  }

  #claim(life: number): void {
    if (this.#random.chance(0.2)) this.#later(1, life, () => this.#feed({ type: 'queued', behind: ['d0'] }));
    this.#later(10 + this.#random.below(20_000), life, () => {
      this.#token += 1;
      this.#feed({ type: 'admitted', token: this.#token, running: this.plan.stable });
    });
  }

  #send(command: Extract<DeploymentCommand, { type: 'perform' }>, life: number): void {
    const { timeoutMs, type: _, ...effect } = command;
    if (this.#sent.has(effect.key)) throw new Error(`${effect.key} is asked for blindly again`);
    this.#sent.add(effect.key);
    const ticket = ++this.#ticket;
    const random = this.#random;
    const isHealthStep = effect.action.type === 'await-healthy';
    if (random.chance(this.#misfortune.deadRouter))
      this.places.routerDeadUntil = this.#now + random.below(60_000);
    const fails = random.chance(this.#misfortune.failure);
    const isLost = random.chance(this.#misfortune.lostRequest);
    const isMute = random.chance(this.#misfortune.lostReply);
    const unknown = () =>
      this.#feed({ type: 'result', key: effect.key, outcome: 'unknown', reason: 'no answer', outputs: {} });
    if (isLost || isMute) this.#later(Math.min(timeoutMs, 20_000), life, unknown);
    // A request that was lost may still come, long after.
    if (isLost && random.chance(0.5)) return;
    const travelMs = isLost ? random.below(60_000) : random.below(isHealthStep ? 5000 : 500);
    this.#later(travelMs, null, () => {
      const answer = this.places.arrive(effect, ticket, this.#now, fails);
      if (answer === null || isLost || isMute) return;
      this.#later(10, life, () => this.#feed({ type: 'result', key: effect.key, outputs: {}, ...answer }));
    });
  }

  #probe(command: Extract<DeploymentCommand, { type: 'probe' }>, life: number): void {
    const { type: _, ...effect } = command;
    this.#later(this.#random.below(300), null, () => {
      const found = this.places.probe(effect, this.#ticket + 1, this.#now);
      if (found.found === 'not-done') this.#sent.delete(effect.key);
      this.#later(10, life, () => this.#feed({ type: 'probed', key: effect.key, outputs: {}, ...found }));
    });
  }

  #observe(
    command: Extract<DeploymentCommand, { type: 'observe' }>,
    observing: number,
    look: number,
    life: number,
  ): void {
    this.#later(command.intervalMs, life, () => {
      if (observing !== this.#observing) return;
      const { nature } = this.#misfortune;
      if (nature === 'dying' && this.#random.chance(0.2)) {
        this.#feed({ type: 'unhealthy', version: 'candidate', host: 'web-1', reason: 'it exited' });
        return;
      }
      const window = sayEvidence(this.#random, nature, this.places.percent);
      this.#feed({
        type: 'window',
        step: command.step,
        look,
        coveredMs: command.intervalMs,
        window,
        problem: window === null ? 'the source did not answer' : null,
      });
      this.#observe(command, observing, look + 1, life);
    });
  }
}
