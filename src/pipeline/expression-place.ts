/** What every expression can see, wherever it stands. `github` is derived from git, event and run, for those who come from there. */
const ALWAYS = ['git', 'event', 'run', 'pipeline', 'inputs', 'vars', 'variables', 'github'] as const;

const IN_JOB = [...ALWAYS, 'needs', 'matrix'] as const;
const IN_STEP = [...IN_JOB, 'env', 'steps', 'job'] as const;

/** The contexts that may be named in each place of a pipeline file. */
export const CONTEXTS = {
  /** Of the pipeline as a whole: its variables, its concurrency group. */
  pipeline: ALWAYS,
  /** Decided once for a job, before its matrix is known. */
  jobIf: [...ALWAYS, 'needs'],
  stepIf: [...IN_STEP, 'secrets'],
  /** A step's script, working directory and variables. */
  step: [...IN_STEP, 'secrets'],
  jobEnv: [...IN_JOB, 'secrets'],
  matrix: [...ALWAYS, 'needs'],
  /** Without secrets: an output is stored and shown. */
  outputs: IN_STEP,
  concurrency: IN_JOB,
  name: IN_JOB,
  /** Hooks, checks and variables of a deployment. */
  deploy: [...ALWAYS, 'deploy', 'secrets'],
} as const satisfies Record<string, readonly string[]>;

/** Every context there is. */
export const CONTEXT_NAMES: readonly string[] = [...IN_STEP, 'secrets', 'deploy'];
