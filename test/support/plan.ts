import type { Place } from '../../src/base/diagnostic.ts';
import { digestOf } from '../../src/base/digest.ts';
import type { JsonObject } from '../../src/base/json.ts';
import type { RunRequested } from '../../src/engine/course.ts';
import type { Plan, PlanJob, PlanStage, PlanStep, RetryPolicy } from '../../src/pipeline/plan.ts';
import { PLAIN_JOB, PLAIN_PLAN } from '../../src/pipeline/plan-default.ts';

export const PLACE: Place = {
  file: 'sluice.yaml',
  start: { line: 1, column: 1 },
  end: { line: 1, column: 2 },
};
export const NO_RETRY: RetryPolicy = { max: 0, delayMs: 0, backoff: 1, on: [] };

/** A step with everything left at its default but what is given. */
export function aStep(step: Partial<PlanStep> = {}): PlanStep {
  return {
    id: 'step-1',
    name: 'true',
    run: 'true',
    uses: null,
    refusal: null,
    shell: 'sh',
    workingDirectory: '.',
    variables: {},
    if: null,
    timeoutMs: null,
    allowFailure: false,
    retry: NO_RETRY,
    repeatable: false,
    tty: false,
    work: null,
    parallelGroup: null,
    when: 'always',
    place: PLACE,
    ...step,
  };
}

/** A job with one trivial step and every default, but what is given. */
export function aJob(job: Partial<PlanJob> & { readonly id: string }): PlanJob {
  return {
    name: job.id,
    stage: 'main',
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
    steps: [aStep()],
    cleanup: [],
    cleanupGraceMs: 30_000,
    outputs: {},
    repeatable: false,
    language: null,
    ...PLAIN_JOB,
    place: PLACE,
    ...job,
  };
}

export function aStage(name: string, stage: Partial<PlanStage> = {}): PlanStage {
  return { name, dependsOn: [], timeoutMs: 3_600_000, place: PLACE, ...stage };
}

export function aPlan(jobs: readonly PlanJob[], plan: Partial<Plan> = {}): Plan {
  return {
    schemaVersion: 1,
    name: 'test',
    file: 'sluice.yaml',
    digest: digestOf('test'),
    variables: {},
    concurrency: null,
    stages: [...new Set(jobs.map((job) => job.stage))].map((name) => aStage(name)),
    jobs,
    triggers: [],
    inputs: {},
    timeoutMs: null,
    ...PLAIN_PLAN,
    ...plan,
  };
}

export function aRequest(plan: Plan, request: Partial<RunRequested> = {}): RunRequested {
  return {
    type: 'run.requested',
    runId: 'run1',
    pipeline: plan.name,
    file: plan.file,
    source: {
      path: '/repo',
      repository: '/repo',
      branch: 'main',
      tag: null,
      commit: null,
      commitTimeMs: null,
      mode: 'tree',
      dirty: false,
    },
    event: { name: 'manual', payload: {} },
    inputs: {},
    variables: {},
    plan: plan as unknown as JsonObject,
    expectedMs: {},
    workersMax: 2,
    only: null,
    rerunOf: null,
    ...request,
  };
}
