import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock, Random } from '../../src/base/port.ts';
import type { Executor, StepSpec } from '../../src/executor/contract.ts';
import { type Behaviour, type ScriptedMachine, scriptedMachine } from '../../src/executor/scripted.ts';
import type { Cause } from '../../src/journal/run-event.ts';
import type { PlanJob, PlanStep } from '../../src/pipeline/plan.ts';
import type { JobMessage, JobReport, Runner, StepFinished, StepStarted } from '../../src/runner/contract.ts';
import { logFile, stepKey } from '../../src/runner/log/paths.ts';
import type { RunnerOptions } from '../../src/runner/options.ts';
import { createRunner } from '../../src/runner/runner.ts';
import { aJob, aStep } from './plan.ts';
import { noRooms } from './rooms.ts';

export const realClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(delayMs, callback) {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
};
export const realRandom: Random = { bytes: (count) => randomBytes(count) };

/** A step with the defaults of the language. */
export function step(id: string, run: string, more: Partial<PlanStep> = {}): PlanStep {
  return aStep({ id, name: id, run, ...more });
}

/** A job with the defaults of the language. */
export function job(steps: readonly PlanStep[], more: Partial<PlanJob> = {}): PlanJob {
  return aJob({ id: 'build', stage: 'build', steps, ...more });
}

/** The message for the first attempt of a job, in a source folder that is no repository. */
export function messageFor(planJob: PlanJob, source: string, more: Partial<JobMessage> = {}): JobMessage {
  return {
    schemaVersion: 1,
    runId: 'r1',
    cell: planJob.id,
    attempt: 1,
    trust: 'trusted',
    job: planJob,
    matrix: null,
    needs: {},
    kept: {},
    contexts: { git: {}, event: { name: 'manual' }, run: { id: 'r1' }, pipeline: {}, inputs: {}, vars: {} },
    variables: {},
    source: {
      path: source,
      repository: 'example',
      branch: 'main',
      tag: null,
      commit: null,
      commitTimeMs: null,
      mode: 'tree',
      dirty: false,
    },
    sealed: [],
    unsealed: [],
    resumed: false,
    startedAtMs: Date.now(),
    isSameBoot: true,
    ...more,
  };
}

export interface JobRig {
  readonly root: string;
  /** The source folder; empty at first. */
  readonly source: string;
  readonly runner: Runner;
  readonly events: (StepStarted | StepFinished)[];
  /** Performs the job; the events are kept, and each record is durable at once. */
  perform(planJob: PlanJob, more?: Partial<JobMessage>): Promise<JobReport>;
  cancel(cause?: Cause): void;
  cancelStep(step: string, cause?: Cause): void;
  finished(step: string): StepFinished | undefined;
  log(step: string, tryNumber?: number): string;
  remove(): void;
}

export const CANCELLED: Cause = { kind: 'cancelled', by: 'person:1', reason: 'no longer wanted' };

/** A runner in folders of its own, on the given executor. */
export function jobRig(
  executor: Executor,
  more: Partial<RunnerOptions> = {},
  folder: string | null = null,
): JobRig {
  const root = folder ?? mkdtempSync(join(tmpdir(), 'sluice-runner-'));
  const source = join(root, 'source');
  mkdirSync(source, { recursive: true });
  const events: (StepStarted | StepFinished)[] = [];
  let onCancel: (cause: Cause) => void = () => {};
  let onCancelStep: (step: string, cause: Cause) => void = () => {};
  const directory = join(root, 'data');
  const runner = createRunner({
    executor,
    rooms: noRooms,
    secrets: { read: async () => null },
    clock: realClock,
    random: realRandom,
    directory,
    workspaceRoot: join(root, 'workspaces'),
    hostEnvironment: process.env,
    keepWorkspaces: 'never',
    killGraceMs: 200,
    ...more,
  });
  return {
    root,
    source,
    runner,
    events,
    perform: (planJob, messageMore) =>
      runner.perform(
        messageFor(planJob, source, messageMore),
        async (event) => {
          events.push(event);
        },
        {
          onCancel: (listener) => {
            onCancel = listener;
          },
          onCancelStep: (listener) => {
            onCancelStep = listener;
          },
        },
      ),
    cancel: (cause = CANCELLED) => onCancel(cause),
    cancelStep: (name, cause = CANCELLED) => onCancelStep(name, cause),
    finished: (name) =>
      events.findLast(
        (event): event is StepFinished => event.type === 'step.finished' && event.step === name,
      ),
    log: (name, tryNumber = 1) =>
      readFileSync(logFile(directory, 'r1', 'build', 1, stepKey(name, tryNumber)), 'utf8'),
    remove: () => rmSync(root, { recursive: true, force: true }),
  };
}

/** A scripted machine whose steps behave by their id; a step without a behaviour succeeds at once. */
export function machineOf(behaviours: Readonly<Record<string, Behaviour>>): ScriptedMachine {
  return scriptedMachine((spec: StepSpec) => {
    const [id] = spec.stepKey.split('.');
    return behaviours[id!] ?? ((process) => process.exit(0));
  });
}
