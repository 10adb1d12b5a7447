import { canonicalJson } from '../../src/base/json.ts';
import { apply, begin } from '../../src/engine/apply.ts';
import type { RunRequested } from '../../src/engine/course.ts';
import { decide, decideRequest, type EngineInput } from '../../src/engine/decide.ts';
import type { CellReport } from '../../src/engine/report.ts';
import { findCell, type RunState } from '../../src/engine/state.ts';
import type { Command, Decided } from '../../src/engine/turn.ts';
import type { Cause, RunEvent } from '../../src/journal/run-event.ts';
import type { Seeded } from './random.ts';

/** How much goes wrong: probabilities. */
export interface Misfortune {
  /** The owner dies after an append, before it acts on it. */
  readonly crashAfterAppend: number;
  /** The owner dies before an append: what it had decided is gone. */
  readonly crashBeforeAppend: number;
  /** Everything else an owner hears comes twice. */
  readonly doubled: number;
  readonly clockJump: number;
  readonly cancel: number;
}

type Told = Extract<
  RunEvent['type'],
  `approval.${'requested' | 'given' | 'rejected' | 'expired'}` | 'cell.finished'
>;

interface Entry {
  readonly event: RunEvent;
  readonly at: number;
}

/** One running attempt, as its runner sees it. Dies with the owner; its process may live on. */
interface Attempt {
  readonly cell: string;
  readonly attempt: number;
  readonly life: number;
  step: number;
  cancelled: Cause | null;
}

/** A process the world runs: what the target-side ledger of effects counts. */
interface Process {
  readonly endsAt: number;
  readonly code: number;
}

const STEPS_MAX = 20_000;

/**
 * One run in virtual time on a journal that is an array: an owner that can die at any moment and come back, runners whose
 * processes live on or are lost, doubled and late news, a jumping clock. Checks after each step what must always hold.
 */
export class World {
  readonly journal: Entry[] = [];
  readonly ledger = new Map<string, number>();
  readonly request: RunRequested;
  readonly #random: Seeded;
  readonly #misfortune: Misfortune;
  readonly #queue: { at: number; order: number; life: number | null; act: () => void }[] = [];
  readonly #attempts = new Map<string, Attempt>();
  readonly #processes = new Map<string, Process>();
  readonly #groups = new Map<string, string[]>();
  #state: RunState | null = null;
  #life = 0;
  #now = 1_000_000;
  #wall = 0;
  #order = 0;
  crashes = 0;

  constructor(request: RunRequested, random: Seeded, misfortune: Misfortune) {
    this.request = request;
    this.#random = random;
    this.#misfortune = misfortune;
  }

  /** Runs to the end. Throws when an invariant breaks or it does not end. */
  run(): RunState {
    this.#guard(() => this.#commit(decideRequest(this.request, this.#clock())));
    if (this.#random.chance(this.#misfortune.cancel)) {
      const job = this.#random.pick(this.request.plan.jobs as unknown as { id: string }[]).id;
      const target = this.#random.chance(0.6) ? ({ kind: 'run' } as const) : ({ kind: 'job', job } as const);
      for (let times = 1 + this.#random.below(2); times > 0; times--) {
        this.#later(this.#random.below(60_000), null, () => this.#cancel(target));
      }
    }
    for (let steps = 0; ; steps++) {
      if (steps > STEPS_MAX) throw new Error('the run does not end');
      if (!this.#state) {
        this.#comeBack();
        continue;
      }
      if (this.#queue.length === 0) break;
      this.#queue.sort((a, b) => a.at - b.at || a.order - b.order);
      const next = this.#queue.shift()!;
      this.#now = Math.max(this.#now, next.at);
      if (next.life !== null && next.life !== this.#life) continue;
      if (this.#random.chance(this.#misfortune.clockJump))
        this.#wall += (this.#random.next() - 0.5) * 48 * 3_600_000;
      this.#guard(next.act);
    }
    const state = this.#state ?? this.#replay();
    if (state.phase !== 'finished') throw new Error(`nothing is left to do, but the run is ${state.phase}`);
    this.#checkEnd(state);
    return state;
  }

  #clock(): number {
    return Math.round(this.#now + this.#wall);
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
      this.#attempts.clear();
    }
  }

  #commit(decided: Decided): void {
    if (this.#random.chance(this.#misfortune.crashBeforeAppend)) throw CRASH;
    const at = this.#clock();
    for (const event of decided.events) {
      this.#checkEvent(event);
      this.journal.push({ event, at });
      if (event.type === 'approval.requested') this.#answers(event);
    }
    this.#state = decided.state;
    this.#checkState(decided.state);
    if (decided.events.length > 0 && this.#random.chance(this.#misfortune.crashAfterAppend)) throw CRASH;
    for (const command of decided.commands) this.#perform(command);
  }

  #feed(input: EngineInput): void {
    if (!this.#state) return;
    const now = this.#clock();
    const decided = decide(this.#state, input, now);
    const again = decide(this.#state, input, now);
    if (canonicalJson(decided.events) !== canonicalJson(again.events))
      throw new Error('decide is not deterministic');
    this.#commit(decided);
    if (input.type !== 'cancel' && this.#random.chance(this.#misfortune.doubled) && this.#state) {
      const twice = decide(this.#state, input, now);
      const news = twice.events.filter((event) => event.type !== 'approval.refused');
      if (input.type !== 'owned' && news.length > 0) {
        throw new Error(`told twice, ${input.type} changed something: ${canonicalJson(twice.events)}`);
      }
    }
  }

  #cancel(target: Extract<EngineInput, { type: 'cancel' }>['target']): void {
    this.#feed({ type: 'cancel', target, by: 'somebody', reason: 'test' });
  }

  /** People answer at once, late, twice, wrongly, or not at all. What they answer while nobody listens is lost. */
  #answers(asked: Extract<RunEvent, { type: 'approval.requested' }>): void {
    for (let times = this.#random.below(5); times > 0; times--) {
      const by = this.#random.pick(['alice', 'bob', 'carol', 'erin']);
      const answer: EngineInput = {
        type: 'answer',
        cell: asked.cell,
        by,
        teams: [],
        decision: this.#random.chance(0.85) ? 'approve' : 'reject',
        answers: this.#random.chance(0.1) ? { unknown: 'x' } : {},
        text: null,
        binding: this.#random.chance(0.1) ? { ...asked.binding, commit: 'other' } : asked.binding,
      };
      const delayMs = this.#random.below(120_000);
      for (let told = 1 + this.#random.below(2); told > 0; told--)
        this.#later(delayMs, null, () => this.#feed(answer));
    }
  }

  #replay(): RunState {
    const [first, ...rest] = this.journal;
    let state = begin(first!.event as RunRequested, first!.at);
    for (const { event, at } of rest) state = apply(state, event, at);
    return state;
  }

  #comeBack(): void {
    if (this.journal.length === 0) {
      this.#guard(() => this.#commit(decideRequest(this.request, this.#clock())));
      return;
    }
    this.#state = this.#replay();
    if (this.#state.phase === 'finished') return;
    this.#guard(() =>
      this.#feed({ type: 'owned', owner: `life${this.#life}`, fence: this.#life, resumed: true }),
    );
  }

  #perform(command: Command): void {
    const life = this.#life;
    switch (command.type) {
      case 'start-cell':
        this.#startCell(command.cell, command.attempt, command.resumed);
        return;
      case 'cancel-cell': {
        const attempt = this.#attempts.get(command.cell);
        if (attempt) attempt.cancelled ??= command.cause;
        return;
      }
      case 'cancel-step':
        return;
      case 'set-timer':
        this.#later(Math.max(0, command.atMs - this.#clock()), life, () =>
          this.#feed({ type: 'timer', id: command.id }),
        );
        return;
      case 'join-group':
        this.#joinGroup(command);
        return;
      case 'leave-group': {
        const members = this.#groups.get(command.group) ?? [];
        const holder = command.cell ?? 'run';
        this.#groups.set(
          command.group,
          members.filter((one) => one !== holder),
        );
        this.#later(0, life, () => this.#admitFirst(command.group));
        return;
      }
      case 'finish':
        return;
    }
  }

  #joinGroup({ cell, group }: Extract<Command, { type: 'join-group' }>): void {
    const members = this.#groups.get(group) ?? [];
    const holder = cell ?? 'run';
    if (!members.includes(holder)) members.push(holder);
    this.#groups.set(group, members);
    this.#later(1, this.#life, () => this.#admitFirst(group));
  }

  #admitFirst(group: string): void {
    const first = this.#groups.get(group)?.[0];
    if (first === undefined) return;
    this.#feed({ type: 'admitted', cell: first === 'run' ? null : first, group });
  }

  #startCell(cell: string, attempt: number, resumed: boolean): void {
    if (this.#attempts.has(cell)) throw new Error(`${cell} was started twice by one owner`);
    const state = this.#state!;
    const found = state.cells.at(findCell(state, cell));
    const mine: Attempt = { cell, attempt, life: this.#life, step: found.sealed.length, cancelled: null };
    this.#attempts.set(cell, mine);
    if (resumed && found.unsealed.length > 0) this.#attach(mine, found.unsealed.at(-1)!);
    else if (found.sealed.length > 0 && found.sealed.at(-1)!.outcome !== 'succeeded') {
      const { outcome, cause } = found.sealed.at(-1)!;
      this.#report(mine, outcome === 'cancelled' ? 'cancelled' : 'failed', cause);
    } else this.#nextStep(mine, 1);
  }

  /** A later owner finds a try that was begun: its process is known to the world, or it is not. */
  #attach(mine: Attempt, unsealed: { step: string; try: number }): void {
    const process = this.#processes.get(`${mine.cell}/${mine.attempt}/${unsealed.step}/${unsealed.try}`);
    if (process) {
      this.#later(Math.max(0, process.endsAt - this.#now), this.#life, () =>
        this.#stepOver(mine, unsealed.step, unsealed.try, process.code),
      );
      return;
    }
    const job = (this.request.plan.jobs as unknown as { id: string; repeatable: boolean }[]).find(
      (one) => mine.cell.split(' (')[0] === one.id,
    )!;
    if (job.repeatable) this.#nextStep(mine, unsealed.try + 1);
    else this.#report(mine, 'failed', { kind: 'lost', reason: 'the owner died' });
  }

  #nextStep(mine: Attempt, tryNumber: number): void {
    const job = (this.request.plan.jobs as unknown as { id: string; steps: { id: string }[] }[]).find(
      (one) => mine.cell.split(' (')[0] === one.id,
    )!;
    const step = job.steps[mine.step]?.id;
    if (step === undefined) {
      this.#report(mine, 'succeeded', null);
      return;
    }
    if (mine.cancelled) {
      this.#report(mine, 'cancelled', mine.cancelled);
      return;
    }
    this.#feed({
      type: 'step',
      event: {
        type: 'step.started',
        cell: mine.cell,
        attempt: mine.attempt,
        step,
        try: tryNumber,
        isolation: 'scripted',
      },
    });
    // The intent is durable. A pause point: the owner may die before it starts the process.
    if (this.#random.chance(this.#misfortune.crashBeforeAppend)) throw CRASH;
    const key = `${mine.cell}/${mine.attempt}/${step}/${tryNumber}`;
    this.ledger.set(key, (this.ledger.get(key) ?? 0) + 1);
    const process: Process = {
      endsAt: this.#now + this.#random.below(20_000),
      code: this.#random.chance(0.2) ? 1 + this.#random.below(2) : 0,
    };
    // Some machines lose the process with its owner; then a later owner cannot find it.
    if (this.#random.chance(0.7)) this.#processes.set(key, process);
    this.#later(process.endsAt - this.#now, this.#life, () =>
      this.#stepOver(mine, step, tryNumber, process.code),
    );
  }

  #stepOver(mine: Attempt, step: string, tryNumber: number, code: number): void {
    const cause: Cause | null = mine.cancelled ?? (code === 0 ? null : { kind: 'exit-code', code });
    const outcome = mine.cancelled ? 'cancelled' : code === 0 ? 'succeeded' : 'failed';
    this.#feed({
      type: 'step',
      event: {
        type: 'step.finished',
        cell: mine.cell,
        attempt: mine.attempt,
        step,
        try: tryNumber,
        outcome,
        cause,
        durationMs: 1,
        outputs: {},
        exported: { variables: {}, path: [] },
        log: { bytes: 0, lines: 0 },
        usage: null,
        reason: null,
        patterns: [],
      },
    });
    mine.step += 1;
    if (cause)
      this.#report(
        mine,
        cause.kind === 'exit-code' ? 'failed' : cause.kind === 'cancelled' ? 'cancelled' : 'failed',
        cause,
      );
    else this.#nextStep(mine, 1);
  }

  #report(mine: Attempt, outcome: CellReport['outcome'], cause: Cause | null): void {
    this.#attempts.delete(mine.cell);
    const list = JSON.stringify(Array.from({ length: 1 + this.#random.below(3) }, (_, n) => ({ n })));
    const report: CellReport = {
      outcome,
      cause,
      step: null,
      durationMs: 10,
      outputs: { list },
      tail: [],
      patterns: [],
    };
    this.#feed({ type: 'report', cell: mine.cell, attempt: mine.attempt, report });
  }

  #checkEvent(event: RunEvent): void {
    const last = this.journal.at(-1)?.event;
    if (last?.type === 'run.finished') throw new Error(`${event.type} after the run was over`);
    if (event.type === 'cell.finished') this.#checkApproval(event);
    if (event.type === 'approval.requested' && this.#told('approval.requested', event.cell) > 0)
      throw new Error(`${event.cell} was asked for twice`);
    if (event.type !== 'cell.started') return;
    if (this.#told('approval.requested', event.cell) > 0) throw new Error(`${event.cell} took a worker`);
    const started = this.journal.filter(
      ({ event: one }) =>
        one.type === 'cell.started' && one.cell === event.cell && one.attempt === event.attempt,
    );
    if (started.length > 0) throw new Error(`attempt ${event.attempt} of ${event.cell} was started twice`);
  }

  /** An approval ends well only when enough different people agreed in time and nobody objected, or by its own word on expiry. */
  #checkApproval({ cell, outcome, cause }: Extract<RunEvent, { type: 'cell.finished' }>): void {
    const asked = this.#of('approval.requested', cell)[0];
    if (!asked) return;
    if (this.#told('cell.finished', cell) > 0) throw new Error(`${cell} was used twice`);
    const people = new Set(this.#of('approval.given', cell).map(({ by }) => by));
    const objected = this.#told('approval.rejected', cell) > 0;
    const expired = this.#of('approval.expired', cell)[0]?.result;
    const agreed = people.size >= asked.count || expired === 'approve';
    if (outcome === 'succeeded' && (objected || !agreed)) throw new Error(`${cell} was not approved`);
    if (cause?.kind === 'rejected' && !objected && expired !== 'reject')
      throw new Error(`${cell} was neither rejected nor late`);
    if (!asked.authorAllowed && people.has('alice')) throw new Error(`the author approved ${cell}`);
  }

  #of<T extends Told>(type: T, cell: string): Extract<RunEvent, { type: T }>[] {
    const told: { readonly type: string; readonly cell?: string }[] = this.journal.map(
      ({ event }) => event as { type: string },
    );
    return told.filter((event) => event.type === type && event.cell === cell) as Extract<
      RunEvent,
      { type: T }
    >[];
  }

  #told(type: Told, cell: string): number {
    return this.#of(type, cell).length;
  }

  #checkState(state: RunState): void {
    const { course } = state;
    if (state.running.length > course.request.workersMax)
      throw new Error('more cells run than there are workers');
    for (const index of state.running) {
      const cell = state.cells.at(index);
      for (const needed of course.needs[cell.job]!) {
        if (state.jobs.at(needed).phase !== 'over')
          throw new Error(`${cell.name} runs before ${course.jobs[needed]!.id} is over`);
      }
      const { matrix, concurrency } = course.jobs[cell.job]!;
      const beside = state.running.filter((other) => state.cells.at(other).job === cell.job).length;
      if (matrix?.maxParallel && beside > matrix.maxParallel)
        throw new Error(`${beside} cells of ${cell.name} run at once`);
      if (
        concurrency &&
        state.running.some(
          (other) =>
            other !== index &&
            course.jobs[state.cells.at(other).job]!.concurrency?.group === concurrency.group,
        )
      ) {
        throw new Error(`the group ${concurrency.group} has two holders`);
      }
    }
  }

  #checkEnd(state: RunState): void {
    if (canonicalJson(this.#replay()) !== canonicalJson(state))
      throw new Error('replaying the journal gives another state');
    for (const [key, count] of this.ledger)
      if (count > 1) throw new Error(`${key} was started ${count} times`);
    if (this.#attempts.size > 0) throw new Error('the run is over and cells are still running');
    for (const cell of state.cells) {
      if (
        cell.phase !== 'over' &&
        state.jobs.at(cell.job).result !== 'skipped' &&
        state.jobs.at(cell.job).phase !== 'over'
      ) {
        throw new Error(`${cell.name} was forgotten: ${cell.phase}`);
      }
    }
    const { outcomes } = state;
    const bad = outcomes.failed + outcomes.errored + outcomes.cancelled;
    if ((state.outcome === 'succeeded' || state.outcome === 'warned') && bad > 0)
      throw new Error(`${state.outcome}, but ${bad} cells are not`);
    if (state.outcome === 'succeeded' && outcomes.warned > 0) throw new Error('a warning is hidden');
  }
}

const CRASH = new Error('crash');
