import type { Place } from '../base/diagnostic.ts';
import { canonicalJson, type JsonObject, type JsonValue } from '../base/json.ts';
import type { Plan, PlanJob, PlanStep } from './plan.ts';

/*
 * How a plan is written into the journal: jobs and steps without what is at its default, and places as four numbers. A
 * plan of 10,000 small jobs is 1.6 MB instead of 8, and so is everything that is done with the text.
 *
 * The defaults are a part of the journal's format and never change; a field that gets another default is always written.
 */
const FORMAT = 1;

type Fields = Readonly<Record<string, JsonValue>>;

const NO_RETRY = { max: 0, delayMs: 0, backoff: 1, on: [] };

const STEP_DEFAULTS: Fields = {
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
};

const PLAN_DEFAULTS: Fields = {
  dialect: 'sluice',
  environments: [],
  services: [],
  waivers: [],
  protectedPaths: [],
};

const JOB_DEFAULTS: Fields = {
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
  cleanup: [],
  cleanupGraceMs: 30_000,
  outputs: {},
  repeatable: false,
  language: null,
  snapshots: false,
  work: null,
  isolation: {
    mode: null,
    network: 'host',
    readable: [],
    limits: { cpus: null, memoryBytes: null, processesMax: null, diskBytes: null },
  },
  container: null,
  services: [],
  caches: [],
  downloads: [],
  artifacts: [],
  reports: [],
  gates: [],
  approval: null,
  deploy: null,
  workflow: null,
  refusals: [],
};

/** Plans by their packed form, so that a plan that is packed or unpacked once is one object for all who ask. */
const known = new WeakMap<object, Plan>();

/** The plan as the journal keeps it. */
export function packPlan(plan: Plan): JsonObject {
  const packed = {
    ...without(plan, PLAN_DEFAULTS),
    format: FORMAT,
    jobs: plan.jobs.map((job) => packJob(job, plan.file)),
  };
  known.set(packed, plan);
  return packed as unknown as JsonObject;
}

/** The plan from what `packPlan` made; a plan that was never packed is given back as it is. */
export function unpackPlan(packed: JsonObject): Plan {
  if (packed.format === undefined) return packed as unknown as Plan;
  if (packed.format !== FORMAT)
    throw new Error(`the plan has format ${packed.format}; this version knows ${FORMAT}`);
  let plan = known.get(packed);
  if (!plan) {
    const { format: _format, jobs, ...rest } = packed;
    const file = String(rest.file);
    plan = {
      ...PLAN_DEFAULTS,
      ...rest,
      jobs: (jobs as readonly Fields[]).map((job) => unpackJob(job, file)),
    } as unknown as Plan;
    known.set(packed, plan);
  }
  return plan;
}

function packJob(job: PlanJob, file: string): Fields {
  const steps = (list: readonly PlanStep[]) =>
    list.map((step) => ({ ...without(step, STEP_DEFAULTS), place: packPlace(step.place, file) }));
  return {
    ...without(job, JOB_DEFAULTS),
    steps: steps(job.steps),
    ...(job.cleanup.length > 0 ? { cleanup: steps(job.cleanup) } : {}),
    place: packPlace(job.place, file),
  };
}

function unpackJob(job: Fields, file: string): PlanJob {
  const steps = (list: JsonValue | undefined) =>
    ((list ?? []) as readonly Fields[]).map((step) => ({
      ...STEP_DEFAULTS,
      ...step,
      place: unpackPlace(step.place!, file),
    }));
  return {
    ...JOB_DEFAULTS,
    ...job,
    steps: steps(job.steps),
    cleanup: steps(job.cleanup),
    place: unpackPlace(job.place!, file),
  } as unknown as PlanJob;
}

function without(value: object, defaults: Fields): Record<string, JsonValue> {
  const kept: Record<string, JsonValue> = {};
  for (const [key, field] of Object.entries(value) as [string, JsonValue][]) {
    const usual = defaults[key];
    const isUsual =
      usual !== undefined &&
      (field === usual || (field !== null && canonicalJson(field) === canonicalJson(usual)));
    if (!isUsual) kept[key] = field;
  }
  return kept;
}

function packPlace({ file, start, end }: Place, usualFile: string): JsonValue {
  const numbers = [start.line, start.column, end.line, end.column];
  return file === usualFile ? numbers : [...numbers, file];
}

function unpackPlace(packed: JsonValue, usualFile: string): Place {
  const [line, column, endLine, endColumn, file = usualFile] = packed as [
    number,
    number,
    number,
    number,
    string?,
  ];
  return { file, start: { line, column }, end: { line: endLine, column: endColumn } };
}
