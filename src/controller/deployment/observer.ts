import type { Clock } from '../../base/port.ts';
import { findWindowProblems, type Samples, type Window } from '../../delivery/analysis/window.ts';
import type { SampledMetric } from '../../delivery/analysis-plan.ts';
import type { DeploymentState } from '../../delivery/machine/state.ts';
import type { DeploymentCommand } from '../../delivery/machine/turn.ts';
import type { Look } from '../../delivery/machine/watch.ts';
import type { Reading, Source, Span } from '../../delivery/source/contract.ts';
import type { TargetSamples } from '../../delivery/target/contract.ts';
import type { Surroundings } from './contract.ts';
import { frozenThresholds, slowLimits } from './effect/latency.ts';

export interface ObserverOptions {
  readonly clock: Clock;
  readonly surroundings: Surroundings;
  /** When it began to look: plan, versions and what was frozen do not change while it looks. */
  readonly state: DeploymentState;
  readonly command: Extract<DeploymentCommand, { type: 'observe' }>;
  onLook(look: Look): void;
  onAlarm(name: string, reason: string): void;
  /** Something could not be asked: told once until it can be again. */
  onWarning(message: string): void;
}

/** What is asked in an interval may take so long at most. */
const ASK_MAX_MS = 10_000;

/**
 * Looks at both versions every interval, from the moment it is made until `stop`: evidence of the source, samples of the target, the
 * user's own metrics, and alarms. Spans follow each other without a gap, by a clock that does not jump.
 */
export class Observer {
  readonly #options: ObserverOptions;
  readonly #startedWallMs: number;
  readonly #startedMs: number;
  #lastMs: number;
  #look: number;
  #isStopped = false;
  #cancel: () => void = () => {};
  readonly #silent = new Set<string>();

  constructor(options: ObserverOptions) {
    this.#options = options;
    this.#startedWallMs = options.clock.now();
    this.#startedMs = options.clock.monotonic();
    this.#lastMs = this.#startedMs;
    this.#look = options.command.look;
    // What happened before is of another weight: sources and samples begin here.
    void this.#ask(this.#span(this.#startedMs, this.#startedMs)).finally(() => this.#later());
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancel();
  }

  #later(): void {
    if (this.#isStopped) return;
    const { clock, command } = this.#options;
    const afterMs = Math.max(0, this.#lastMs + command.intervalMs - clock.monotonic());
    this.#cancel = clock.after(afterMs, () => void this.#lookOnce());
  }

  async #lookOnce(): Promise<void> {
    const { clock, command } = this.#options;
    const nowMs = clock.monotonic();
    const span = this.#span(this.#lastMs, nowMs);
    const coveredMs = nowMs - this.#lastMs;
    this.#lastMs = nowMs;
    const [seen] = await Promise.all([this.#ask(span), this.#askAlarms()]);
    if (this.#isStopped) return;
    this.#options.onLook({ step: command.step, look: this.#look++, coveredMs, ...seen });
    this.#later();
  }

  #span(fromMs: number, toMs: number): Span {
    const { state, command } = this.#options;
    const { plan, request, outputs } = state;
    const wall = (ms: number) => this.#startedWallMs + (ms - this.#startedMs);
    const thresholdsMs = frozenThresholds(outputs);
    return {
      fromMs: wall(fromMs),
      toMs: wall(toMs),
      candidate: request.candidate,
      stable: request.stable,
      thresholdsMs,
      slowMs: slowLimits(plan, thresholdsMs),
      timeoutMs: Math.min(ASK_MAX_MS, command.intervalMs),
    };
  }

  /** Everything about a span, never rejecting: what broke is silence with a reason. */
  async #ask(span: Span): Promise<Pick<Look, 'window' | 'problem'>> {
    const { surroundings, state } = this.#options;
    const { target, source, checks } = surroundings;
    const metrics = state.plan.analysis?.samples ?? [];
    const [reading, candidate, stable, own] = await Promise.all([
      source === null ? null : readOf(source, span),
      samplesOf(target.samples(span.candidate)),
      span.stable === null ? null : samplesOf(target.samples(span.stable)),
      Promise.all(
        metrics.map(async (metric) => ({
          metric,
          reading: checks[metric.metric] ? await readOf(checks[metric.metric]!, span) : null,
        })),
      ),
    ]);
    const base = baseOf(reading);
    let problem = base.problem;
    const canarySamples: Record<string, Samples> = {};
    const baselineSamples: Record<string, Samples> = {};
    for (const { metric, reading: figures } of own) {
      if (figures?.kind === 'figures') {
        const { candidate: mine, stable: theirs } = figures;
        const bad = isBad(metric, mine, theirs);
        if (bad !== null) canarySamples[metric.metric] = { taken: 1, bad: bad ? 1 : 0 };
        else problem ??= `${metric.metric}: ${figures.reason ?? 'the stable version has no figure'}`;
        const theirBad = theirs === null ? null : isBad(metric, theirs, theirs);
        if (theirBad !== null) baselineSamples[metric.metric] = { taken: 1, bad: theirBad ? 1 : 0 };
      } else if (figures?.kind === 'none') problem ??= `${metric.metric}: ${figures.reason}`;
      addTargetSamples(canarySamples, metric, candidate);
      addTargetSamples(baselineSamples, metric, stable);
    }
    const window: Window = {
      ...base.window,
      canary: withSamples(base.window.canary, canarySamples),
      baseline: withSamples(base.window.baseline, baselineSamples),
    };
    // Where only health decides, such as for a first release that nobody uses yet, nothing has to be counted.
    const isNeeded = state.plan.analysis !== null;
    const isEmpty = isNeeded && base.problem !== null && Object.keys(canarySamples).length === 0;
    return { window: isEmpty ? null : window, problem };
  }

  async #askAlarms(): Promise<void> {
    const { surroundings, command, onAlarm, onWarning } = this.#options;
    const timeoutMs = Math.min(ASK_MAX_MS, command.intervalMs);
    await Promise.all(
      surroundings.alarms.map(async (alarm) => {
        const said = await alarm
          .ask(timeoutMs)
          .catch((error: Error) => ({ state: 'unknown', reason: error.message }) as const);
        if (this.#isStopped) return;
        if (said.state === 'firing') onAlarm(alarm.name, said.reason);
        if (said.state !== 'unknown') this.#silent.delete(alarm.name);
        else if (!this.#silent.has(alarm.name)) {
          this.#silent.add(alarm.name);
          onWarning(`the trigger ${alarm.name} cannot be asked: ${said.reason}`);
        }
      }),
    );
  }
}

async function readOf(source: Source, span: Span): Promise<Reading> {
  return source.read(span).catch((error: Error): Reading => ({ kind: 'none', reason: error.message }));
}

async function samplesOf(asked: Promise<TargetSamples>): Promise<TargetSamples | null> {
  return asked.catch(() => null);
}

const NOTHING: Window = {
  at: 0,
  canary: { requests: 0, errors: 0 },
  baseline: { requests: 0, errors: 0 },
};

/** The source's window; an empty one with the reason when it said nothing that can be judged. */
function baseOf(reading: Reading | null): { readonly window: Window; readonly problem: string | null } {
  // Where nothing counts requests, health and the user's own metrics decide.
  if (reading === null) return { window: NOTHING, problem: null };
  if (reading.kind === 'none') return { window: NOTHING, problem: reading.reason };
  if (reading.kind === 'figures')
    return { window: NOTHING, problem: 'the source of requests gives one figure, not counts' };
  const [first] = findWindowProblems(reading.window);
  if (first) {
    const problem = `the window of the source cannot be judged: ${first.path || 'it'} ${first.message}`;
    return { window: NOTHING, problem };
  }
  return { window: reading.window as Window, problem: null };
}

function withSamples(counts: Window['canary'], samples: Readonly<Record<string, Samples>>): Window['canary'] {
  return { ...counts, samples: { ...counts.samples, ...samples } };
}

function addTargetSamples(
  samples: Record<string, Samples>,
  { metric, bad, source }: SampledMetric,
  taken: TargetSamples | null,
): void {
  if (taken === null || source !== null) return;
  if (bad.kind === 'health' && taken.health.taken > 0) samples[metric] = { ...taken.health };
  if (bad.kind === 'resource' && taken.resources.length > 0)
    samples[metric] = {
      taken: taken.resources.length,
      bad: taken.resources.filter((reading) => reading > bad.above).length,
    };
}

/** Whether a figure is on the wrong side of its limit; null: there is nothing to hold it against. */
function isBad({ bad }: SampledMetric, figure: number, stable: number | null): boolean | null {
  switch (bad.kind) {
    case 'above':
      return figure > bad.limit;
    case 'below':
      return figure < bad.limit;
    case 'resource':
      return figure > bad.above;
    case 'times-baseline':
    case 'latency':
      return stable === null ? null : figure > bad.factor * stable;
    case 'health':
      return null;
  }
}
