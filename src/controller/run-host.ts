import { userError } from '../base/diagnostic.ts';
import type { Clock } from '../base/port.ts';
import { waitsForPeople } from '../engine/approval.ts';
import type { RunRequested } from '../engine/course.ts';
import { decide, decideRequest, type EngineInput } from '../engine/decide.ts';
import { findCell, type RunState } from '../engine/state.ts';
import type { Command, Decided } from '../engine/turn.ts';
import type { GateResult } from '../gate/result.ts';
import { accountOf } from '../journal/account.ts';
import type { Actor, NewEvent, StoredEvent, Subject } from '../journal/event.ts';
import type { Cause, RunEvent, RunOutcome } from '../journal/run-event.ts';
import { inboxStream, runStream } from '../journal/stream.ts';
import type { PlanJob } from '../pipeline/plan.ts';
import type { Gating, JobMessage, JobReport, Runner } from '../runner/contract.ts';
import type { Fence, Store } from '../store/contract.ts';
import { GroupMember, releaseHolder } from './group.ts';
import { jobMessage } from './message.ts';

export interface RunHostOptions {
  readonly store: Store;
  readonly runner: Runner;
  readonly clock: Clock;
  readonly owner: string;
  readonly lease: Fence;
  readonly subject: Subject;
  readonly isGone: (holder: string) => Promise<boolean>;
  /** Whether that owner ran on this machine since it was last started. */
  readonly isSameBoot: (owner: string) => boolean;
  /** Sees every event of the run in order, as soon as it is durable. */
  readonly onEvents: (events: readonly StoredEvent[] | readonly NewEvent[], sequence: number) => void;
}

interface Job {
  cancelled: Cause | null;
  readonly listeners: ((cause: Cause) => void)[];
  readonly stepListeners: ((step: string, cause: Cause) => void)[];
}

/**
 * Drives one run: feeds what happens to the engine, makes its decisions durable, and only then performs its commands.
 * The engine's state may run ahead of the disk; the world never does. When the journal refuses (another owner, a full
 * disk, damage) the host breaks off: jobs are stopped and `finished` rejects with the reason.
 */
export class RunHost {
  readonly finished: Promise<RunOutcome>;
  readonly #options: RunHostOptions;
  readonly #actor: Actor;
  readonly #jobs = new Map<string, Job>();
  readonly #groups = new Map<string, GroupMember>();
  readonly #timers = new Map<string, () => void>();
  #state: RunState;
  #sequence: number;
  #inboxSequence = 0;
  #inboxWork: Promise<void> = Promise.resolve();
  #verdicts: Promise<void> = Promise.resolve();
  #unwatchInbox: () => void = () => {};
  #broken: Error | null = null;
  /** The run's end is durable. The state may say so before, and a full disk come between. */
  #isOver = false;
  #isSourceAsked = false;
  #resolve!: (outcome: RunOutcome) => void;
  #reject!: (error: Error) => void;

  private constructor(options: RunHostOptions, state: RunState, sequence: number) {
    this.#options = options;
    this.#actor = { kind: 'controller', id: options.owner };
    this.#state = state;
    this.#sequence = sequence;
    this.finished = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    // Whoever does not wait for the end must not be ended by it.
    this.finished.catch(() => {});
  }

  /** Accepts the run. Resolves when that is durable; the run goes on by itself. */
  static async start(options: RunHostOptions, request: RunRequested): Promise<RunHost> {
    const decided = decideRequest(request, options.clock.now());
    await prepareReuse(options.runner, request, decided.state.course.jobs);
    const host = new RunHost(options, decided.state, 0);
    const accepted = host.#commit(decided);
    host.feed({ type: 'owned', owner: options.owner, fence: options.lease.token, resumed: false });
    await accepted;
    host.#watchInbox();
    return host;
  }

  /** Goes on with a run whose events up to `sequence` made `state`. */
  static async resume(
    options: RunHostOptions,
    state: RunState,
    sequence: number,
    inboxSequence: number,
  ): Promise<RunHost> {
    const host = new RunHost(options, state, sequence);
    host.#inboxSequence = inboxSequence;
    await host.feed({ type: 'owned', owner: options.owner, fence: options.lease.token, resumed: true });
    host.#watchInbox();
    return host;
  }

  get state(): RunState {
    return this.#state;
  }

  /** Tells the engine something; `cause` names the event it comes from. Resolves when what it decided is durable; never rejects (see `finished`). */
  feed(input: EngineInput, cause?: string): Promise<void> {
    if (this.#broken) return Promise.resolve();
    return this.#commit(decide(this.#state, input, this.#options.clock.now()), cause);
  }

  /** Ends the host although the run is not over: the run stays as the journal has it. */
  abandon(reason: Error): void {
    if (this.#broken || this.#isOver) return;
    this.#broken = reason;
    this.#tidy();
    for (const job of this.#jobs.values()) cancelJob(job, { kind: 'lost', reason: reason.message });
    this.#reject(reason);
  }

  /** Leaves a run that only people can bring on, so that whoever answers drives it. Returns whether it was such. */
  leaveIfAsked(): boolean {
    if (this.#broken || !waitsForPeople(this.#state)) return false;
    this.abandon(userError('left', `run ${this.#state.course.request.runId} waits for approval`));
    return true;
  }

  #commit(decided: Decided, cause?: string): Promise<void> {
    const { state, events, commands } = this.#withReused(decided);
    this.#state = state;
    // Reading the files of the repository takes git longer than the journal takes to record what comes before it.
    if (
      !this.#isSourceAsked &&
      commands.some((command) => isFirstStart(command) && !declares(state, command.cell))
    ) {
      this.#isSourceAsked = true;
      const { runId, source } = state.course.request;
      this.#options.runner.prepare(runId, source);
    }
    if (events.length === 0) {
      this.#perform(commands);
      return Promise.resolve();
    }
    const at = this.#options.clock.now();
    const entries = events.map((body) => this.#entry(body, at, cause));
    const expected = this.#sequence;
    this.#sequence += entries.length;
    return this.#options.store.journal
      .append(runStream(state.course.request.runId), expected, entries, this.#options.lease)
      .then(
        () => {
          this.#options.onEvents(entries, expected);
          this.#recordVerdicts(events, expected);
          this.#perform(commands);
        },
        (error: Error) => this.abandon(error),
      );
  }

  /** Verdicts of gates go to the streams of their gates, when the run's own has them. `before`: the sequence that the events follow. */
  #recordVerdicts(events: readonly RunEvent[], before: number): void {
    for (const [index, event] of events.entries())
      if (event.type === 'cell.finished') this.recordVerdict(event, before + index + 1);
  }

  /** Also of an event that an earlier owner wrote: what is recorded already is not recorded again. */
  recordVerdict({ extras }: Extract<RunEvent, { type: 'cell.finished' }>, sequence: number): void {
    if (!extras?.gates) return;
    const { store, subject, clock } = this.#options;
    const { plan, request } = this.#state.course;
    const { source, runId } = request;
    const verdict = {
      cause: `${runStream(runId)}#${sequence}`,
      result: extras.gates as unknown as GateResult,
      waivers: plan.waivers,
      repository: source.repository,
      branch: source.branch,
    };
    this.#verdicts = this.#verdicts
      .then(() => import('./gate-journal.ts'))
      .then(({ recordVerdict }) => recordVerdict(store.journal, this.#actor, subject, verdict, clock.now()))
      .catch((error: Error) => this.abandon(error));
  }

  /**
   * Cells whose work was done before are over before they begin: nothing is done in the world, so no intent has to be durable
   * first, and a thousand of them are one append. Told for a while only, so that the loop gets its turn; the rest comes when it is
   * to be started.
   */
  #withReused(decided: Decided): Decided {
    const { runner, clock, isSameBoot } = this.#options;
    if (!runner.reuse || !decided.commands.some(isFirstStart)) return decided;
    const untilMs = clock.monotonic() + REUSE_SLICE_MS;
    let { state } = decided;
    const events = [...decided.events];
    const commands: Command[] = [];
    const open = [...decided.commands];
    for (let at = 0; at < open.length; at++) {
      const command = open[at]!;
      const message =
        isFirstStart(command) && clock.monotonic() < untilMs
          ? jobMessage(state, command.cell, false, isSameBoot)
          : null;
      const report = message?.job.work ? runner.reuse(message) : null;
      if (!message || !report) {
        commands.push(command);
        continue;
      }
      const { cell, attempt } = message;
      const next = decide(state, { type: 'report', cell, attempt, report }, clock.now());
      state = next.state;
      events.push(...next.events);
      open.push(...next.commands);
    }
    return { state, events, commands };
  }

  #entry(body: RunEvent, at: number, cause?: string): NewEvent {
    const whole = body.type === 'run.requested' || body.type === 'run.finished';
    return {
      schemaVersion: 1,
      at,
      actor: this.#actor,
      ...(cause ? { cause } : {}),
      ...(whole ? { subject: this.#options.subject } : {}),
      body,
    };
  }

  #perform(commands: readonly Command[]): void {
    if (this.#broken) return;
    for (const command of commands) this.#performOne(command);
  }

  #performOne(command: Command): void {
    switch (command.type) {
      case 'start-cell':
        void this.#startCell(command.cell, command.attempt, command.resumed);
        return;
      case 'cancel-cell': {
        const job = this.#jobs.get(command.cell);
        if (job) cancelJob(job, command.cause);
        return;
      }
      case 'cancel-step':
        for (const listener of this.#jobs.get(command.cell)?.stepListeners ?? [])
          listener(command.step, command.cause);
        return;
      case 'set-timer':
        this.#setTimer(command.id, command.atMs);
        return;
      case 'join-group':
        this.#joinGroup(command);
        return;
      case 'leave-group':
        void this.#leaveGroup(command.cell, command.group);
        return;
      case 'finish':
        void this.#finish(command.outcome);
        return;
    }
  }

  async #startCell(cell: string, attempt: number, resumed: boolean): Promise<void> {
    const job: Job = { cancelled: null, listeners: [], stepListeners: [] };
    this.#jobs.set(cell, job);
    const emit = (event: Extract<RunEvent, { type: 'step.started' | 'step.finished' }>) =>
      this.feed({ type: 'step', event });
    const control = {
      onCancel: (listener: (cause: Cause) => void) => {
        job.listeners.push(listener);
        if (job.cancelled) listener(job.cancelled);
      },
      onCancelStep: (listener: (step: string, cause: Cause) => void) => job.stepListeners.push(listener),
    };
    const message = jobMessage(this.#state, cell, resumed, this.#options.isSameBoot);
    const known = (!resumed && message.job.work && this.#options.runner.reuse?.(message)) || null;
    if (known) {
      this.#jobs.delete(cell);
      await this.feed({ type: 'report', cell, attempt, report: known });
      return;
    }
    const { runner } = this.#options;
    const performing = message.gating?.waivers.length
      ? this.#withPast(message, message.gating).then((told) => runner.perform(told, emit, control))
      : runner.perform(message, emit, control);
    const report = await performing.catch(
      (error: unknown): JobReport => ({
        outcome: 'errored',
        cause: { kind: 'internal', message: error instanceof Error ? error.message : String(error) },
        step: null,
        durationMs: 0,
        outputs: {},
        tail: [],
        patterns: [],
      }),
    );
    this.#jobs.delete(cell);
    for (const message of report.warnings ?? [])
      void this.feed({ type: 'warning', message: `${cell}: ${message}` });
    await this.feed({ type: 'report', cell, attempt, report });
    // When that was the last report, the release of the run sees to it.
    if (!this.#broken && this.#state.phase !== 'finished') this.release(cell, attempt);
  }

  /** With what the stream of its gate knows of its waivers. */
  async #withPast(message: JobMessage, gating: Gating): Promise<JobMessage> {
    const { job, source } = message;
    const { store, clock } = this.#options;
    const { waiverHistory } = await import('./waiver-history.ts');
    const { plan } = this.#state.course;
    const past = await waiverHistory(store.journal, source.repository, job, plan, clock.now());
    return { ...message, gating: { ...gating, waiverHistory: past } };
  }

  /** What was kept of the attempt for a later owner goes: its report is durable. */
  release(cell: string, attempt: number): void {
    void this.#options.runner.releaseAttempt(this.#state.course.request.runId, cell, attempt).then((left) => {
      if (left !== null)
        void this.feed({ type: 'warning', message: `${cell}: ${left} could not be removed` });
    });
  }

  #setTimer(id: string, atMs: number): void {
    if (this.#timers.has(id)) return;
    const { clock } = this.#options;
    const cancel = clock.after(Math.max(0, atMs - clock.now()), () => {
      this.#timers.delete(id);
      void this.feed({ type: 'timer', id });
    });
    this.#timers.set(id, cancel);
  }

  #joinGroup({ cell, group, policy }: Extract<Command, { type: 'join-group' }>): void {
    const key = cell ?? '';
    if (this.#groups.has(key)) return;
    const member = new GroupMember({
      journal: this.#options.store.journal,
      actor: this.#actor,
      group,
      holder: this.#holder(cell),
      policy,
      isGone: this.#options.isGone,
      clock: this.#options.clock,
      listener: {
        onWaiting: (behind) => void this.feed({ type: 'waiting', cell, group, behind }),
        onAdmitted: () => void this.feed({ type: 'admitted', cell, group }),
        onBroken: (error) => this.abandon(error),
        onSuperseded: (by) => {
          const target = cell === null ? ({ kind: 'run' } as const) : ({ kind: 'cell', cell } as const);
          void this.feed({
            type: 'cancel',
            target,
            by: `run ${by}`,
            reason: `it is newer in the concurrency group ${group}`,
          });
        },
      },
    });
    this.#groups.set(key, member);
  }

  async #leaveGroup(cell: string | null, group: string | null): Promise<void> {
    const member = this.#groups.get(cell ?? '');
    this.#groups.delete(cell ?? '');
    const { journal } = this.#options.store;
    const leaving = member
      ? member.leave()
      : group !== null &&
        releaseHolder(journal, this.#actor, group, this.#holder(cell), this.#options.clock.now());
    await Promise.resolve(leaving).catch((error: Error) => this.abandon(error));
  }

  #holder(cell: string | null): string {
    const { runId } = this.#state.course.request;
    return cell === null ? runId : `${runId}/${cell}`;
  }

  #watchInbox(): void {
    if (this.#state.phase === 'finished') return;
    const stream = inboxStream(this.#state.course.request.runId);
    const look = () => {
      this.#inboxWork = this.#inboxWork
        .then(() => this.#readInbox(stream))
        .catch((error: Error) => this.abandon(error));
    };
    this.#unwatchInbox = this.#options.store.journal.watch(stream, look);
    look();
  }

  async #readInbox(stream: string): Promise<void> {
    for (const { body, sequence, actor } of await this.#options.store.journal.read(
      stream,
      this.#inboxSequence,
    )) {
      this.#inboxSequence = sequence;
      const cause = `${stream}#${sequence}`;
      if (body.type === 'run.cancel-requested') {
        const { target, by, reason } = body;
        await this.feed({ type: 'cancel', target, by, reason }, cause);
      } else if (body.type === 'approval.answered') {
        // Who answers is who wrote the event, whatever it says.
        await this.feed({ ...body, type: 'answer', by: accountOf(actor) }, cause);
      }
    }
  }

  async #finish(outcome: RunOutcome): Promise<void> {
    this.#isOver = true;
    this.#tidy();
    // The group is free for others before anyone hears that the run is over.
    await Promise.all([...this.#groups.keys()].map((key) => this.#leaveGroup(key === '' ? null : key, null)));
    await this.#verdicts;
    if (!this.#broken) this.#resolve(outcome);
  }

  #tidy(): void {
    this.#unwatchInbox();
    for (const cancel of this.#timers.values()) cancel();
    this.#timers.clear();
  }
}

/** So long the results of earlier runs are taken over in one go. */
const REUSE_SLICE_MS = 50;

function isFirstStart(command: Command): command is Extract<Command, { type: 'start-cell' }> {
  return command.type === 'start-cell' && !command.resumed;
}

/** Whether the work of the cell may be found done. */
function declares(state: RunState, cell: string): boolean {
  return state.course.jobs[state.cells.at(findCell(state, cell)).job]!.work !== null;
}

async function prepareReuse(runner: Runner, request: RunRequested, jobs: readonly PlanJob[]): Promise<void> {
  if (request.rerunOf !== null || !runner.prepareReuse || !jobs.some(({ work }) => work !== null)) return;
  const { runId, source, trust = 'trusted', event, pipeline } = request;
  await runner.prepareReuse({ runId, source, trust, payload: event.payload, pipeline }, jobs);
}

function cancelJob(job: Job, cause: Cause): void {
  if (job.cancelled) return;
  job.cancelled = cause;
  for (const listener of job.listeners) listener(cause);
}
