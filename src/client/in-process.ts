import type { ArtifactStore } from '../artifact/contract.ts';
import { UserError, userError } from '../base/diagnostic.ts';
import type { Digest } from '../base/digest.ts';
import type { Clock, Random } from '../base/port.ts';
import type { Snapshots } from '../cache/contract.ts';
import type { Owners } from '../controller/contract.ts';
import { Controller, type DrivenRun } from '../controller/controller.ts';
import { isOrphaned } from '../controller/orphan.ts';
import { accountOf } from '../journal/account.ts';
import type { Actor, PlacedEvent, StoredEvent } from '../journal/event.ts';
import type { CancelTarget, RunEvent } from '../journal/run-event.ts';
import { inboxStream, RUN_STREAM_PREFIX, runStream } from '../journal/stream.ts';
import { eventWord } from '../pipeline/event-name.ts';
import { packPlan, unpackPlan } from '../pipeline/packed-plan.ts';
import type { Runner } from '../runner/contract.ts';
import { ConflictError, type Store } from '../store/contract.ts';
import { clientArtifacts } from './artifacts.ts';
import { clientCaches } from './caches.ts';
import type {
  Artifacts,
  Caches,
  Client,
  FailedPlace,
  GivenAnswer,
  LogLine,
  LogQuery,
  RerunWhat,
  ResumeOptions,
  RunSummary,
  StartedRun,
  StartRequest,
  TakenAnswer,
} from './contract.ts';
import type { Deployments } from './deployment/contract.ts';
import type { DeploymentRooms } from './deployment/rooms.ts';
import { EventFeed } from './event-feed.ts';
import { expectationsOf, newestEnds } from './expectation.ts';
import { foldRun } from './fold-run.ts';
import type { Gates } from './gate/contract.ts';
import type { KeptRooms } from './kept.ts';
import type { TakenOver } from './rerun.ts';
import type { RunView } from './run-view.ts';
import { refuseKeptWorkspace, trustedPlan } from './trust.ts';

export interface InProcessOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly owners: Owners;
  readonly actor: Actor;
  /** Names of the actor's teams, as approvals ask for them; none by default. */
  readonly teams?: () => Promise<readonly string[]>;
  /** Sluice's data folder, where the logs are. */
  readonly directory: string;
  /** Made when the first run is driven: looking at runs needs no runner. */
  readonly openRunner: (
    options: ResumeOptions & { readonly onFailedPlace: (cell: string, place: FailedPlace) => void },
  ) => Promise<Runner>;
  /** What artifacts and caches stand on; asked for once, by the first call that needs it. */
  readonly openKept: () => Promise<KeptRooms>;
  /** What deployments stand on; asked for once, by the first call that needs it. */
  readonly openDeployments: (artifacts: () => Promise<ArtifactStore>) => Promise<DeploymentRooms>;
  /** Rejects with a `UserError` when a disk is too full for another run. Runs that have begun go on. */
  readonly requireSpace: () => Promise<void>;
  /** The workspaces that runs kept; asked for when a run begins in the middle of a job. */
  readonly openSnapshots: () => Promise<Snapshots>;
  /** Ends what the runners stand on. */
  readonly shutdown: () => Promise<void>;
}

/** How many runs of a repository are looked at to find one by a part of its id, or the ones that nobody drives. */
const RECENT_MAX = 500;

/** A run that is taken over only to tell it something is left when for so long only people could bring it on. */
const LEAVE_MS = 300;

/** The client of a process that drives its runs itself. */
export function createInProcessClient(options: InProcessOptions): Client {
  return new InProcessClient(options);
}

class InProcessClient implements Client {
  readonly #options: InProcessOptions;
  readonly #feed = new EventFeed();
  readonly #failedPlaces = new Map<string, FailedPlace>();
  readonly #driven = new Set<string>();
  #kept: Promise<KeptRooms> | null = null;
  #deployments: Promise<Deployments> | null = null;
  /** How the newest runs ended, when that was looked up a moment ago. Good for one more time. */
  #newestEnds: Promise<readonly StoredEvent[]> | null = null;
  readonly artifacts: Artifacts;
  readonly caches: Caches;

  constructor(options: InProcessOptions) {
    this.#options = options;
    const { store, clock, random, actor, directory } = options;
    const open = () => this.#openKept();
    this.artifacts = clientArtifacts({ open, clock, random, by: actor.id, directory });
    this.caches = clientCaches({ open, journal: store.journal, clock });
  }

  #openKept(): Promise<KeptRooms> {
    this.#kept ??= this.#options.openKept();
    return this.#kept;
  }

  deployments(): Promise<Deployments> {
    this.#deployments ??= import('./deployment/deployments.ts').then(({ clientDeployments }) => {
      let rooms: Promise<DeploymentRooms> | null = null;
      const artifacts = async () => (await this.#openKept()).artifacts;
      return clientDeployments({
        ...this.#options,
        teams: async () => (await this.#options.teams?.()) ?? [],
        open: () => {
          rooms ??= this.#options.openDeployments(artifacts);
          return rooms;
        },
      });
    });
    return this.#deployments;
  }

  async gates(): Promise<Gates> {
    const { clientGates } = await import('./gate/gates.ts');
    const { store, clock, actor } = this.#options;
    const openRunner = () =>
      this.#options.openRunner({ secretFiles: [], keepWorkspaces: false, onFailedPlace: () => {} });
    return clientGates({ journal: store.journal, clock, actor, openRunner });
  }

  async start(request: StartRequest): Promise<StartedRun> {
    const { event, inputs, variables, workersMax, only } = request;
    const { plan, source, trust, trustReason } = trustedPlan(request);
    refuseKeptWorkspace(trust, request);
    const [controller, expectedMs] = await Promise.all([
      this.#controller(request),
      this.expectations(source.repository, plan.name),
      this.#options.requireSpace(),
    ]);
    return this.#started(
      await controller.start({
        pipeline: plan.name,
        file: plan.file,
        source,
        event,
        inputs,
        variables,
        plan: packPlan(plan),
        expectedMs,
        workersMax,
        only,
        trust,
        ...(trustReason === null ? {} : { trustReason }),
        askedBy: [accountOf(this.#options.actor)],
        rerunOf: null,
      }),
    );
  }

  async resume(runId: string, options: ResumeOptions): Promise<StartedRun> {
    if (options.keepWorkspaces) refuseKeptWorkspace((await this.#load(runId)).request.trust, options);
    return this.#started(await (await this.#controller(options)).resume(runId));
  }

  async rerun(runId: string, what: RerunWhat, options: ResumeOptions): Promise<StartedRun> {
    const { takenOver } = await import('./rerun.ts');
    const { request, events } = await this.#load(runId);
    refuseKeptWorkspace(request.trust, options);
    const taken = takenOver(request, events, what);
    await this.#options.requireSpace();
    await this.#requireKept(runId, taken);
    const expectedMs = await this.expectations(request.source.repository, request.pipeline);
    const { type: _type, runId: _old, ...same } = request;
    const askedBy = [...new Set([...(request.askedBy ?? []), accountOf(this.#options.actor)])];
    const attempt = request.number === undefined ? {} : { attempt: (request.attempt ?? 1) + 1 };
    const repeated = { ...same, ...attempt, expectedMs, askedBy, rerunOf: { runId, ...taken } };
    return this.#started(await (await this.#controller(options)).start(repeated));
  }

  async cancel(runId: string, target: CancelTarget, reason: string): Promise<void> {
    const { events } = await this.#load(runId);
    if (events.at(-1)?.body.type === 'run.finished') {
      throw userError('run-over', `run ${runId} is over; there is nothing to cancel`);
    }
    const by = this.#options.actor.id;
    await this.#tell(runId, { type: 'run.cancel-requested', target, by, reason });
    if (await this.#isOrphaned(runId)) {
      const run = await this.resume(runId, { secretFiles: [], keepWorkspaces: false });
      await this.#overOrAsked(run);
    }
  }

  async answer(runId: string, answer: GivenAnswer, options: ResumeOptions): Promise<TakenAnswer> {
    const { answerRun } = await import('./answer.ts');
    const { events } = await this.#load(runId);
    const { store, clock, actor, teams } = this.#options;
    return answerRun(runId, events, answer, {
      journal: store.journal,
      clock,
      actor,
      teams: (await teams?.()) ?? [],
      tell: (body) => this.#tell(runId, body),
      isOrphaned: () => this.#isOrphaned(runId),
      resume: () => this.resume(runId, options),
    });
  }

  /** Writes to the run's owner, whoever that is. Resolves to the event's place in the inbox. */
  async #tell(runId: string, body: RunEvent): Promise<number> {
    const { store, clock, actor } = this.#options;
    const stream = inboxStream(runId);
    for (;;) {
      const sequence = await store.journal.head(stream);
      try {
        await store.journal.append(stream, sequence, [{ schemaVersion: 1, at: clock.now(), actor, body }]);
        return sequence + 1;
      } catch (error) {
        if (!(error instanceof ConflictError)) throw error;
      }
    }
  }

  /** A part of a run that is stopped may leave another one waiting for people, which may be days. */
  async #overOrAsked(run: StartedRun): Promise<void> {
    const over = run.finished.then(
      () => true,
      (error: unknown) => {
        if (error instanceof UserError && error.diagnostics[0]?.code === 'left') return true;
        throw error;
      },
    );
    const { clock } = this.#options;
    const look = () =>
      new Promise<boolean>((resolve, reject) => {
        clock.after(LEAVE_MS, () => run.leaveIfAsked().then(resolve, reject));
      });
    while (!(await Promise.race([over, look()])));
  }

  async list(filter: {
    readonly repository?: string;
    readonly limit: number;
  }): Promise<readonly RunSummary[]> {
    const found: RunSummary[] = [];
    const { journal } = this.#options.store;
    for (const stream of await journal.streams(
      RUN_STREAM_PREFIX,
      filter.repository ? RECENT_MAX : filter.limit,
    )) {
      if (found.length >= filter.limit) break;
      const [first] = await journal.read(stream, 0, 1);
      if (first?.body.type !== 'run.requested') continue;
      if (filter.repository && first.subject?.repository !== filter.repository) continue;
      found.push(await this.#summary(stream, first));
    }
    return found;
  }

  async resolve(text: string, repository?: string): Promise<string> {
    const ids = (await this.#options.store.journal.streams(RUN_STREAM_PREFIX, RECENT_MAX)).map((stream) =>
      stream.slice(RUN_STREAM_PREFIX.length),
    );
    if (text === 'latest') {
      const [newest] = await this.list(repository ? { repository, limit: 1 } : { limit: 1 });
      if (!newest) throw userError('run-none', 'there is no run yet', 'sluice run');
      return newest.runId;
    }
    if (ids.includes(text)) return text;
    const matching = ids.filter((id) => id.startsWith(text) || id.endsWith(text));
    if (matching.length === 1) return matching[0]!;
    if (matching.length > 1) {
      throw userError(
        'run-ambiguous',
        `"${text}" can mean ${matching.slice(0, 5).join(', ')}`,
        'give more of the id',
      );
    }
    throw userError('run-unknown', `there is no run "${text}"`, 'sluice list');
  }

  async show(runId: string): Promise<RunView> {
    return foldRun((await this.#load(runId)).events);
  }

  events(runId: string, { follow }: { readonly follow: boolean }): AsyncIterable<PlacedEvent> {
    return this.#feed.events(this.#options.store.journal, runId, follow);
  }

  async *logs(runId: string, query: LogQuery): AsyncIterable<LogLine> {
    const { readLogs } = await import('./logs.ts');
    const events = this.events(runId, { follow: query.follow });
    yield* readLogs(this.#options.directory, runId, events, query);
  }

  async orphans(repository: string): Promise<readonly RunSummary[]> {
    const { journal } = this.#options.store;
    const found: RunSummary[] = [];
    this.#newestEnds = newestEnds(journal);
    for (const { body, stream } of await this.#newestEnds) {
      // Most runs are over, which their last event tells; only of the others the first one is read.
      if (body.type === 'run.finished') continue;
      const [first] = await journal.read(stream, 0, 1);
      if (first?.body.type !== 'run.requested' || first.subject?.repository !== repository) continue;
      const summary = await this.#summary(stream, first);
      if (summary.orphaned) found.push(summary);
    }
    return found;
  }

  async expectations(repository: string, pipeline: string): Promise<Readonly<Record<string, number>>> {
    const ends = this.#newestEnds ?? newestEnds(this.#options.store.journal);
    this.#newestEnds = null;
    return expectationsOf(await ends, repository, pipeline);
  }

  async close(): Promise<void> {
    // A run that is left before its end keeps its helper, so that whoever resumes it finds its steps.
    if (this.#driven.size === 0) await this.#options.shutdown();
    await (await this.#kept?.catch(() => null))?.close();
    await this.#options.store.close();
  }

  /** Before anything is begun: a workspace that is gone is told to whoever asks for it. */
  async #requireKept(runId: string, { continued }: TakenOver): Promise<void> {
    for (const [cell, receipts] of Object.entries(continued ?? {})) {
      const last = receipts.findLast((receipt) => receipt.snapshot !== undefined)!;
      const snapshots = await this.#options.openSnapshots();
      if (await snapshots.isWhole(last.snapshot as Digest)) continue;
      const [job] = cell.split(' (');
      throw userError(
        'rerun-snapshot-gone',
        `the workspace of ${cell} after step ${last.step} is no longer whole: workspaces go when the cache is over its limits`,
        `begin with the whole job: sluice rerun ${runId} --from ${job}`,
      );
    }
  }

  async #controller(options: ResumeOptions): Promise<Controller> {
    const onFailedPlace = (cell: string, place: FailedPlace) => this.#failedPlaces.set(cell, place);
    const runner = await this.#options.openRunner({ ...options, onFailedPlace });
    const { store, clock, random, owners } = this.#options;
    return new Controller({
      store,
      clock,
      random,
      owners,
      runner: this.#deploying(runner),
      onEvents: (runId, events, sequence) => this.#feed.push(runStream(runId), events, sequence),
    });
  }

  /** Jobs that deploy need no runner of steps, but what this client has. */
  #deploying(runner: Runner): Runner {
    const { store, clock } = this.#options;
    return {
      perform: async (message, emit, control) => {
        const { job, trust } = message;
        // Untrusted code deploys nothing: the runner says so.
        if (job.deploy === null || job.refusals.length > 0 || trust === 'untrusted')
          return runner.perform(message, emit, control);
        const { performDeployment } = await import('./deployment/deploy-job.ts');
        const options = { journal: store.journal, clock, deployments: () => this.deployments() };
        return performDeployment(message, control, options);
      },
      ...(runner.prepareReuse ? { prepareReuse: (run, jobs) => runner.prepareReuse!(run, jobs) } : {}),
      ...(runner.reuse ? { reuse: (message) => runner.reuse!(message) } : {}),
      prepare: (runId, source) => runner.prepare(runId, source),
      releaseAttempt: (runId, cell, attempt) => runner.releaseAttempt(runId, cell, attempt),
      releaseRun: (runId) => runner.releaseRun(runId),
      tidy: (isOver) => runner.tidy(isOver),
    };
  }

  #started(run: DrivenRun): StartedRun {
    this.#driven.add(run.runId);
    const over = () => this.#driven.delete(run.runId);
    run.finished.then(over, over);
    return { ...run, failedPlace: (cell) => this.#failedPlaces.get(cell) ?? null };
  }

  async #load(runId: string): Promise<{
    readonly events: readonly StoredEvent[];
    readonly request: Extract<RunEvent, { type: 'run.requested' }>;
  }> {
    const events = await this.#options.store.journal.read(runStream(runId));
    const request = events[0]?.body;
    if (request?.type !== 'run.requested')
      throw userError('run-unknown', `there is no run ${runId}`, 'sluice list');
    return { events, request };
  }

  async #summary(stream: string, first: StoredEvent): Promise<RunSummary> {
    const { journal } = this.#options.store;
    const request = first.body as Extract<RunEvent, { type: 'run.requested' }>;
    const [last] = await journal.read(stream, (await journal.head(stream)) - 1, 1);
    const end = last?.body.type === 'run.finished' ? last.body : null;
    return {
      runId: request.runId,
      pipeline: request.pipeline,
      branch: request.source.branch,
      commit: request.source.commit,
      event: eventWord(request.event.name, request.plan.dialect === 'github' ? 'github' : 'sluice'),
      trust: request.trust ?? 'trusted',
      startedAtMs: first.at,
      durationMs: end?.durationMs ?? null,
      outcome: end?.outcome ?? null,
      orphaned: !end && (await this.#isOrphaned(request.runId)),
      approvals: end || !asksPeople(request) ? [] : askedCells(await this.show(request.runId)),
      sentence: end?.sentence ?? 'not over',
    };
  }

  #isOrphaned(runId: string): Promise<boolean> {
    const { store, owners, clock } = this.#options;
    return isOrphaned(runId, store.leases, owners, clock);
  }
}

/** Only of runs that may wait for people all events are read. */
function asksPeople({ plan }: Extract<RunEvent, { type: 'run.requested' }>): boolean {
  return unpackPlan(plan).jobs.some((job) => job.approval !== null);
}

function askedCells({ stages }: RunView): string[] {
  const cells = stages.flatMap(({ jobs }) => jobs).flatMap((job) => job.cells ?? []);
  return cells.filter((cell) => cell.state === 'asked').map((cell) => cell.name);
}
