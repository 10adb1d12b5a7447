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
  /** Of a cache: before the steps, with the files there. */
  cache: [...IN_JOB, 'env'],
  concurrency: IN_JOB,
  name: IN_JOB,
  /** Hooks, checks and variables of a deployment. */
  deploy: [...ALWAYS, 'deploy', 'secrets'],
} as const satisfies Record<string, readonly string[]>;

/** Every context there is. */
export const CONTEXT_NAMES: readonly string[] = [...IN_STEP, 'secrets', 'deploy', 'runner', 'strategy'];

/** What these contexts hold, whatever the pipeline; of the others it depends on the pipeline or the run. */
export const PROPERTIES: Readonly<Record<string, readonly string[]>> = {
  git: ['branch', 'tag', 'ref', 'sha', 'short_sha', 'dirty', 'repository'],
  event: ['name', 'actor', 'payload'],
  run: ['id', 'number', 'attempt', 'trust'],
  pipeline: ['name', 'file'],
  job: ['status', 'services', 'container'],
  github: [
    'action',
    'action_path',
    'action_ref',
    'action_repository',
    'action_status',
    'actor',
    'actor_id',
    'api_url',
    'base_ref',
    'env',
    'event',
    'event_name',
    'event_path',
    'graphql_url',
    'head_ref',
    'job',
    'path',
    'ref',
    'ref_name',
    'ref_protected',
    'ref_type',
    'repository',
    'repository_id',
    'repository_owner',
    'repository_owner_id',
    'repositoryurl',
    'retention_days',
    'run_attempt',
    'run_id',
    'run_number',
    'secret_source',
    'server_url',
    'sha',
    'token',
    'triggering_actor',
    'workflow',
    'workflow_ref',
    'workflow_sha',
    'workspace',
  ],
  deploy: [
    'environment',
    'type',
    'service',
    'version',
    'digest',
    'commit',
    'artifact',
    'previous',
    'arm',
    'host',
    'port',
  ],
};
