import type { JsonObject, JsonValue } from '../../base/json.ts';
import type { ExpressionContext } from '../expression-context.ts';
import { githubContext } from '../expression-github.ts';

/** What `runner` says of a machine. */
export interface RunnerMachine {
  /** As Node calls it: `x64`, `arm64`. */
  readonly arch: string;
  /** A folder that is the job's own. */
  readonly temporary: string;
  /** Another one, for programs that actions bring. */
  readonly toolCache: string;
  /** The file with the payload of the event. */
  readonly eventFile: string;
  /** Whether lines of debugging are asked for. */
  readonly isDebug: boolean;
}

/** Variables of a job that hold what is in the context `github` under another name or in its own. */
const FROM_CONTEXT = {
  GITHUB_ACTOR: 'actor',
  GITHUB_ACTOR_ID: 'actor_id',
  GITHUB_TRIGGERING_ACTOR: 'triggering_actor',
  GITHUB_API_URL: 'api_url',
  GITHUB_BASE_REF: 'base_ref',
  GITHUB_EVENT_NAME: 'event_name',
  GITHUB_GRAPHQL_URL: 'graphql_url',
  GITHUB_HEAD_REF: 'head_ref',
  GITHUB_JOB: 'job',
  GITHUB_REF: 'ref',
  GITHUB_REF_NAME: 'ref_name',
  GITHUB_REF_PROTECTED: 'ref_protected',
  GITHUB_REF_TYPE: 'ref_type',
  GITHUB_REPOSITORY: 'repository',
  GITHUB_REPOSITORY_ID: 'repository_id',
  GITHUB_REPOSITORY_OWNER: 'repository_owner',
  GITHUB_REPOSITORY_OWNER_ID: 'repository_owner_id',
  GITHUB_RETENTION_DAYS: 'retention_days',
  GITHUB_RUN_ATTEMPT: 'run_attempt',
  GITHUB_RUN_ID: 'run_id',
  GITHUB_RUN_NUMBER: 'run_number',
  GITHUB_SERVER_URL: 'server_url',
  GITHUB_SHA: 'sha',
  GITHUB_WORKFLOW: 'workflow',
  GITHUB_WORKFLOW_REF: 'workflow_ref',
  GITHUB_WORKFLOW_SHA: 'workflow_sha',
  GITHUB_WORKSPACE: 'workspace',
} as const;

/**
 * The variables by which the steps of a workflow know the run and the machine. Text of the event is in them as a value, which
 * no shell takes for code. There is no token among them.
 */
export function githubEnvironment(
  context: ExpressionContext,
  machine: RunnerMachine,
): Record<string, string> {
  const github = githubContext(context);
  const pairs = Object.entries(FROM_CONTEXT).map(([name, key]) => [name, text(github[key])] as const);
  return {
    ...Object.fromEntries(pairs),
    GITHUB_ACTIONS: 'true',
    GITHUB_EVENT_PATH: machine.eventFile,
    RUNNER_OS: 'Linux',
    RUNNER_ARCH: machine.arch.toUpperCase(),
    RUNNER_NAME: 'sluice',
    RUNNER_TEMP: machine.temporary,
    RUNNER_TOOL_CACHE: machine.toolCache,
    RUNNER_ENVIRONMENT: 'self-hosted',
    ...(machine.isDebug ? { RUNNER_DEBUG: '1' } : {}),
  };
}

/** The context `runner`, from the variables of a step. */
export function runnerContext(environment: Readonly<Record<string, string>>): JsonObject {
  return {
    os: environment.RUNNER_OS ?? null,
    arch: environment.RUNNER_ARCH ?? null,
    name: environment.RUNNER_NAME ?? null,
    temp: environment.RUNNER_TEMP ?? null,
    tool_cache: environment.RUNNER_TOOL_CACHE ?? null,
    debug: environment.RUNNER_DEBUG ?? null,
    environment: environment.RUNNER_ENVIRONMENT ?? null,
    workspace: environment.GITHUB_WORKSPACE ?? null,
  };
}

/** GitHub's names for the files that a step writes for the steps after it. */
export function fileVariables(files: {
  readonly output: string;
  readonly variables: string;
  readonly path: string;
  readonly summary: string;
  readonly state: string;
}): Record<string, string> {
  return {
    GITHUB_OUTPUT: files.output,
    GITHUB_ENV: files.variables,
    GITHUB_PATH: files.path,
    GITHUB_STEP_SUMMARY: files.summary,
    GITHUB_STATE: files.state,
  };
}

function text(value: JsonValue | undefined): string {
  return typeof value === 'string'
    ? value
    : typeof value === 'number' || typeof value === 'boolean'
      ? String(value)
      : '';
}
