import { digestOf } from '../../src/base/digest.ts';
import type { JsonObject } from '../../src/base/json.ts';
import type { JournalEvent, StoredEvent } from '../../src/journal/event.ts';
import type { RunEvent, RunSource } from '../../src/journal/run-event.ts';
import { runStream } from '../../src/journal/stream.ts';
import type { Plan, PlanJob, PlanStep } from '../../src/pipeline/plan.ts';
import { aJob, aPlan, aStep } from './plan.ts';

/** The time at which told runs begin: 2026-01-02 03:04:05 UTC. */
export const STORY_START_MS = Date.UTC(2026, 0, 2, 3, 4, 5);

/** A step by its id. */
export function planStep(id: string, change: Partial<PlanStep> = {}): PlanStep {
  return aStep({ id, name: id, ...change });
}

/** A job by its id; in the stage `build` unless changed. */
export function planJob(id: string, change: Partial<PlanJob> = {}): PlanJob {
  return aJob({ id, stage: 'build', ...change });
}

/** A plan of these jobs called `main-build`. */
export function planOf(jobs: readonly PlanJob[], change: Partial<Plan> = {}): Plan {
  return aPlan(jobs, { name: 'main-build', ...change });
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

  add(...bodies: readonly JournalEvent[]): this {
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
    return this.add({
      type: 'run.finished',
      outcome,
      sentence,
      durationMs,
      pipeline: 'main-build',
      cellMs: {},
    });
  }
}
