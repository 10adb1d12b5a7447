import { userError } from '../../src/base/diagnostic.ts';
import type {
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
} from '../../src/client/contract.ts';
import type { Deployments } from '../../src/client/deployment/contract.ts';
import { foldRun } from '../../src/client/fold-run.ts';
import type { Gates } from '../../src/client/gate/contract.ts';
import type { RunView } from '../../src/client/run-view.ts';
import type { StoredEvent } from '../../src/journal/event.ts';
import type { CancelTarget } from '../../src/journal/run-event.ts';
import type { RunStory } from './run-story.ts';
import { ScriptedArtifacts, ScriptedCaches } from './scripted-kept.ts';

/** What was asked of the client, in order. */
export type Asked =
  | { readonly what: 'start'; readonly request: StartRequest }
  | { readonly what: 'resume'; readonly runId: string; readonly options: ResumeOptions }
  | {
      readonly what: 'rerun';
      readonly runId: string;
      readonly rerun: RerunWhat;
      readonly options: ResumeOptions;
    }
  | {
      readonly what: 'cancel';
      readonly runId: string;
      readonly target: CancelTarget;
      readonly reason: string;
    }
  | { readonly what: 'answer'; readonly runId: string; readonly answer: GivenAnswer }
  | { readonly what: 'close' };

/** A client that tells prepared stories instead of driving runs. */
export class ScriptedClient implements Client {
  readonly asked: Asked[] = [];
  readonly artifacts = new ScriptedArtifacts();
  readonly caches = new ScriptedCaches();
  /** Set by tests of deployments. */
  deployed: Deployments | null = null;
  readonly stories = new Map<string, RunStory>();
  /** The run that the next start, resume or rerun turns out to be. */
  next: RunStory | null = null;
  logLines: LogLine[] = [];
  orphaned: RunSummary[] = [];
  listed: RunSummary[] = [];
  expected: Readonly<Record<string, number>> = {};
  place: FailedPlace | null = null;
  /** The driven run waits for people and for nothing else. */
  isAsked = false;
  /** Told to `events` when the story is not over: a test lets it go on. */
  readonly #more: (() => void)[] = [];
  #finishedError: Error | null = null;

  /** Adds a run that is there to be looked at. */
  tell(story: RunStory): this {
    this.stories.set(story.runId, story);
    return this;
  }

  /** Lets readers of events see what a story has got since. */
  goOn(): void {
    for (const wake of this.#more.splice(0)) wake();
  }

  /** The driven run breaks: Sluice itself could not go on. */
  break(error: Error): void {
    this.#finishedError = error;
    this.goOn();
  }

  async start(request: StartRequest): Promise<StartedRun> {
    this.asked.push({ what: 'start', request });
    return this.#started();
  }

  async resume(runId: string, options: ResumeOptions): Promise<StartedRun> {
    this.asked.push({ what: 'resume', runId, options });
    return this.#started();
  }

  async rerun(runId: string, rerun: RerunWhat, options: ResumeOptions): Promise<StartedRun> {
    this.asked.push({ what: 'rerun', runId, rerun, options });
    return this.#started();
  }

  async cancel(runId: string, target: CancelTarget, reason: string): Promise<void> {
    this.asked.push({ what: 'cancel', runId, target, reason });
  }

  async answer(runId: string, answer: GivenAnswer): Promise<TakenAnswer> {
    this.asked.push({ what: 'answer', runId, answer });
    return { by: 'bob', left: 0, sentence: 'approved by bob', run: this.next && this.#started() };
  }

  async list(filter: {
    readonly repository?: string;
    readonly limit: number;
  }): Promise<readonly RunSummary[]> {
    return this.listed.slice(0, filter.limit);
  }

  async resolve(text: string): Promise<string> {
    const ids = [...this.stories.keys()];
    const found = text === 'latest' ? ids.at(-1) : ids.find((id) => id.startsWith(text) || id.endsWith(text));
    if (found === undefined)
      throw userError('unknown-run', `there is no run ${text}`, 'see the runs: sluice list');
    return found;
  }

  async show(runId: string): Promise<RunView> {
    return foldRun(this.#story(runId).events);
  }

  async *events(runId: string, options: { readonly follow: boolean }): AsyncIterable<StoredEvent> {
    const { events } = this.#story(runId);
    for (let index = 0; ; index++) {
      while (index >= events.length) {
        if (!options.follow || events.at(-1)?.body.type === 'run.finished' || this.#finishedError) return;
        await new Promise<void>((resolve) => this.#more.push(resolve));
      }
      yield events[index]!;
    }
  }

  async *logs(_runId: string, query: LogQuery): AsyncIterable<LogLine> {
    const wanted = this.logLines.filter(
      (line) =>
        (query.cell === null || line.cell === query.cell) &&
        (query.step === null || line.step === query.step),
    );
    const sameStep = (line: LogLine): LogLine[] =>
      wanted.filter(
        (one) => one.cell === line.cell && one.step === line.step && one.attempt === line.attempt,
      );
    for (const line of wanted) {
      const after = sameStep(line);
      if (query.tail === null || after.indexOf(line) >= after.length - query.tail) yield line;
    }
  }

  async orphans(): Promise<readonly RunSummary[]> {
    return this.orphaned;
  }

  async expectations(): Promise<Readonly<Record<string, number>>> {
    return this.expected;
  }

  async deployments(): Promise<Deployments> {
    if (!this.deployed) throw new Error('the test tells of no deployments');
    return this.deployed;
  }

  async gates(): Promise<Gates> {
    throw new Error('the test tells of no gates');
  }

  async close(): Promise<void> {
    this.asked.push({ what: 'close' });
  }

  #started(): StartedRun {
    const story = this.next;
    if (!story) throw new Error('the test did not say which run comes next');
    this.tell(story);
    const finished = async (): Promise<never | 'failed'> => {
      for await (const event of this.events(story.runId, { follow: true })) {
        if (event.body.type === 'run.finished') return event.body.outcome as 'failed';
      }
      throw this.#finishedError ?? new Error('the story has no end');
    };
    let leave = (): void => {};
    const left = new Promise<never>((_, reject) => {
      leave = () => reject(userError('left', 'the run waits for approval'));
    });
    return {
      runId: story.runId,
      finished: Promise.race([finished(), left]),
      failedPlace: () => this.place,
      leaveIfAsked: async () => {
        if (this.isAsked) leave();
        return this.isAsked;
      },
    };
  }

  #story(runId: string): RunStory {
    const story = this.stories.get(runId);
    if (!story) throw new Error(`the test tells of no run ${runId}`);
    return story;
  }
}
