import { digestOf } from '../../src/base/digest.ts';
import type { JsonObject } from '../../src/base/json.ts';
import type { StoredEvent } from '../../src/journal/event.ts';
import type { RunEvent, RunSource } from '../../src/journal/run-event.ts';
import { runStream } from '../../src/journal/stream.ts';
import type { Plan, PlanJob, PlanStep } from '../../src/pipeline/plan.ts';

/** The time at which told runs begin: 2026-01-02 03:04:05 UTC. */
export const STORY_START_MS = Date.UTC(2026, 0, 2, 3, 4, 5);

const PLACE = { file: 'sluice.yaml', start: { line: 1, column: 1 }, end: { line: 1, column: 2 } };
const NO_RETRY = { max: 0, delayMs: 0, backoff: 1, on: [] };

/** A step that runs `run`. */
export function planStep(id: string, change: Partial<PlanStep> = {}): PlanStep {
  return {
    id,
    name: id,
    run: 'true',
    shell: 'sh',
    workingDirectory: '.',
    variables: {},
    if: null,
    timeoutMs: null,
    allowFailure: false,
    retry: NO_RETRY,
    repeatable: false,
    tty: false,
    parallelGroup: null,
    when: 'always',
    place: PLACE,
    ...change,
  };
}

/** A job with one step, in the stage `build` unless changed. */
export function planJob(id: string, change: Partial<PlanJob> = {}): PlanJob {
  return {
    id,
    name: id,
    stage: 'build',
    needs: [],
    if: null,
    matrix: null,
    variables: {},
    secrets: [],
    timeoutMs: 3_600_000,
    silenceTimeoutMs: null,
    retry: NO_RETRY,
    allowFailure: false,
    concurrency: null,
    steps: [planStep('step-1')],
    cleanup: [],
    cleanupGraceMs: 10_000,
    outputs: {},
    repeatable: false,
    language: null,
    deploy: null,
    refusals: [],
    place: PLACE,
    ...change,
  };
}

/** A plan of these jobs; its stages are theirs, in the order in which they come. */
export function planOf(jobs: readonly PlanJob[], change: Partial<Plan> = {}): Plan {
  const names = [...new Set(jobs.map((job) => job.stage))];
  return {
    schemaVersion: 1,
    name: 'main-build',
    file: 'sluice.yaml',
    digest: digestOf('plan'),
    variables: {},
    concurrency: null,
    stages: names.map((name) => ({ name, dependsOn: [], timeoutMs: 3_600_000, place: PLACE })),
    jobs,
    triggers: [],
    inputs: {},
    timeoutMs: null,
    ...change,
  };
}

export const STORY_SOURCE: RunSource = {
  path: '/work/shop',
  repository: 'shop',
  branch: 'main',
  tag: null,
  commit: '3f2a91c0d4e5f60718293a4b5c6d7e8f90a1b2c3',
  commitTimeMs: STORY_START_MS - 3_600_000,
  mode: 'tree',
  dirty: true,
};

type Body = Extract<StoredEvent['body'], { type: string }>;

/** Writes a run's events down as they would stand in the journal; `at` moves the time on. */
export class RunStory {
  readonly runId: string;
  readonly events: StoredEvent[] = [];
  #atMs = STORY_START_MS;

  constructor(plan: Plan, change: Partial<Extract<RunEvent, { type: 'run.requested' }>> = {}) {
    this.runId = change.runId ?? '01jshop0000abc';
    this.add({
      type: 'run.requested',
      runId: this.runId,
      pipeline: plan.name,
      file: plan.file,
      source: STORY_SOURCE,
      event: { name: 'manual', payload: {} },
      inputs: {},
      variables: {},
      plan: plan as unknown as JsonObject,
      expectedMs: {},
      workersMax: 2,
      only: null,
      rerunOf: null,
      ...change,
    });
  }

  add(...bodies: readonly Body[]): this {
    for (const body of bodies) {
      const sequence = this.events.length + 1;
      this.events.push({
        schemaVersion: 1,
        at: this.#atMs,
        actor: { kind: 'controller', id: 'host:1' },
        body,
        stream: runStream(this.runId),
        sequence,
        hash: digestOf(`${this.runId}#${sequence}`),
      });
    }
    return this;
  }

  /** So many milliseconds later. */
  later(ms: number): this {
    this.#atMs += ms;
    return this;
  }

  owned(): this {
    return this.add({ type: 'run.owned', owner: 'host:1', fence: 1, resumed: false });
  }

  /** A cell starts with its first step. */
  starts(cell: string, job = cell, step = 'step-1', attempt = 1): this {
    return this.add(
      { type: 'cell.started', cell, job, attempt },
      { type: 'step.started', cell, attempt, step, try: 1, isolation: 'process' },
    );
  }

  /** A step ends. */
  stepEnds(
    cell: string,
    step: string,
    change: Partial<Extract<RunEvent, { type: 'step.finished' }>> = {},
  ): this {
    return this.add({
      type: 'step.finished',
      cell,
      attempt: 1,
      step,
      try: 1,
      outcome: 'succeeded',
      cause: null,
      durationMs: 1000,
      outputs: {},
      exported: { variables: {}, path: [] },
      log: { bytes: 10, lines: 1 },
      usage: null,
      reason: null,
      patterns: [],
      ...change,
    });
  }

  /** A cell ends. */
  ends(cell: string, change: Partial<Extract<RunEvent, { type: 'cell.finished' }>> = {}): this {
    return this.add({
      type: 'cell.finished',
      cell,
      job: change.job ?? cell,
      attempt: 1,
      outcome: 'succeeded',
      cause: null,
      step: null,
      durationMs: 1000,
      outputs: {},
      tail: [],
      retry: null,
      ...change,
    });
  }

  /** A cell's first step and the cell fail with an exit code. */
  fails(
    cell: string,
    code: number,
    tail: readonly string[],
    change: { job?: string; step?: string; durationMs?: number } = {},
  ): this {
    const { step = 'step-1', durationMs = 1000, job = cell } = change;
    const cause = { kind: 'exit-code', code } as const;
    return this.stepEnds(cell, step, { outcome: 'failed', cause, durationMs }).ends(cell, {
      job,
      outcome: 'failed',
      cause,
      step,
      durationMs,
      tail,
    });
  }

  finished(
    outcome: Extract<RunEvent, { type: 'run.finished' }>['outcome'],
    sentence: string,
    durationMs: number,
  ): this {
    return this.add({ type: 'run.finished', outcome, sentence, durationMs });
  }
}
