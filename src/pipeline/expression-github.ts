import type { JsonObject, JsonValue } from '../base/json.ts';
import { eventWord } from './event-name.ts';
import type { ExpressionContext } from './expression-context.ts';

/**
 * GitHub's own context, from what is known of the commit, the event and the run. Texts of the event come only by `event` and
 * `git`, so that whoever leaves those out has none of them. What there is only on GitHub is null.
 */
export function githubContext(context: ExpressionContext): JsonObject {
  const { git, event, run, pipeline } = context;
  const payload = object(event.payload);
  const pull = object(payload.pull_request);
  const repository = git.repository ?? null;
  const fullName = object(payload.repository).full_name ?? ownerAndName(repository);
  const name = typeof event.name === 'string' ? event.name : '';
  const actor = object(payload.sender).login ?? event.actor ?? null;
  const { env } = context;
  const job = env?.GITHUB_JOB ?? env?.SLUICE_JOB;
  const merge = name === 'pull_request' && typeof pull.number === 'number' ? `${pull.number}/merge` : null;
  const ref = merge === null ? (git.ref ?? null) : `refs/pull/${merge}`;
  return {
    action: env?.GITHUB_ACTION ?? env?.SLUICE_STEP ?? null,
    action_path: env?.GITHUB_ACTION_PATH ?? null,
    action_ref: env?.GITHUB_ACTION_REF ?? null,
    action_repository: env?.GITHUB_ACTION_REPOSITORY ?? null,
    action_status: context.status.cancelled ? 'cancelled' : context.status.failed ? 'failure' : 'success',
    actor_id: idOf(payload.sender),
    env: env?.GITHUB_ENV ?? null,
    event_path: env?.GITHUB_EVENT_PATH ?? null,
    path: env?.GITHUB_PATH ?? null,
    ref,
    ref_name: merge ?? git.tag ?? git.branch ?? null,
    // Who protects what only GitHub knows.
    ref_protected: false,
    ref_type: git.tag ? 'tag' : 'branch',
    sha: git.sha ?? null,
    base_ref: object(pull.base).ref ?? '',
    head_ref: object(pull.head).ref ?? '',
    event_name: name === 'tag' ? 'push' : name === '' ? null : eventWord(name, 'github'),
    event: withBasics(context, payload, fullName),
    repository: fullName,
    repositoryUrl: typeof fullName === 'string' ? `git://github.com/${fullName}.git` : null,
    repository_id: idOf(payload.repository),
    repository_owner: typeof fullName === 'string' ? fullName.split('/')[0]! : null,
    repository_owner_id: idOf(object(payload.repository).owner),
    retention_days: '90',
    secret_source: 'Actions',
    actor,
    triggering_actor: actor,
    workflow: pipeline.name ?? null,
    workflow_ref: typeof pipeline.file === 'string' ? `${fullName}/${pipeline.file}@${ref}` : null,
    workflow_sha: git.sha ?? null,
    job: typeof job === 'string' ? job.split(' ')[0]! : null,
    run_id: run.id ?? null,
    // Texts, as GitHub has them.
    run_number: String(run.number ?? 1),
    run_attempt: String(run.attempt ?? 1),
    server_url: 'https://github.com',
    api_url: 'https://api.github.com',
    graphql_url: 'https://api.github.com/graphql',
    workspace: context.env?.SLUICE_WORKSPACE ?? null,
    token: context.secrets?.GITHUB_TOKEN ?? '',
  };
}

/**
 * The payload, with what every event of its kind has where nobody gave one: a manual start its inputs as texts, and all of them
 * the repository.
 */
function withBasics(
  { git, event, inputs }: ExpressionContext,
  payload: JsonObject,
  fullName: JsonValue,
): JsonObject {
  const isPush = event.name === 'push' || event.name === 'tag';
  const [owner, repository] = typeof fullName === 'string' ? fullName.split('/') : [];
  return {
    ...(isPush ? { ref: git.ref ?? null, after: git.sha ?? null } : {}),
    ...(repository === undefined
      ? {}
      : { repository: { name: repository, full_name: fullName, owner: { login: owner! } } }),
    ...(Object.keys(inputs).length > 0 || event.name === 'manual' ? { inputs: texts(inputs) } : {}),
    ...payload,
  };
}

function idOf(value: JsonValue | undefined): string | null {
  const { id } = object(value);
  return typeof id === 'number' || typeof id === 'string' ? String(id) : null;
}

/** `owner/name` of an address or a path; what has no two parts stays as it is. */
function ownerAndName(repository: JsonValue): JsonValue {
  if (typeof repository !== 'string') return null;
  return /([^/:\s]+\/[^/:\s]+?)(?:\.git)?\/?$/.exec(repository)?.[1] ?? repository;
}

function texts(inputs: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(inputs).map(([key, value]) => [key, String(value ?? '')]));
}

function object(value: JsonValue | undefined): JsonObject {
  return value !== null && typeof value === 'object' && !Array.isArray(value) ? (value as JsonObject) : {};
}
