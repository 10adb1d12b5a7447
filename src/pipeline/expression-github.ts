import type { JsonObject, JsonValue } from '../base/json.ts';
import type { ExpressionContext } from './expression-context.ts';

/** GitHub's names for our events; all others are called the same. */
const EVENT_NAMES: Readonly<Record<string, string>> = {
  manual: 'workflow_dispatch',
  api: 'repository_dispatch',
  tag: 'push',
};

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
  const actor = event.actor ?? object(payload.sender).login ?? null;
  const job = context.env?.SLUICE_JOB;
  return {
    ref: git.ref ?? null,
    ref_name: git.tag ?? git.branch ?? null,
    ref_type: git.tag ? 'tag' : 'branch',
    sha: git.sha ?? null,
    base_ref: object(pull.base).ref ?? '',
    head_ref: object(pull.head).ref ?? '',
    event_name: Object.hasOwn(EVENT_NAMES, name) ? EVENT_NAMES[name]! : (event.name ?? null),
    // A manual start has its inputs there too, as texts.
    event: payload.inputs === undefined ? { ...payload, inputs: texts(context.inputs) } : payload,
    repository: fullName,
    repository_owner: typeof fullName === 'string' ? fullName.split('/')[0]! : null,
    actor,
    triggering_actor: actor,
    workflow: pipeline.name ?? null,
    job: typeof job === 'string' ? job.split(' ')[0]! : null,
    run_id: run.id ?? null,
    run_number: run.number ?? null,
    run_attempt: run.attempt ?? null,
    server_url: 'https://github.com',
    api_url: 'https://api.github.com',
    graphql_url: 'https://api.github.com/graphql',
    workspace: context.env?.SLUICE_WORKSPACE ?? null,
    token: context.secrets?.GITHUB_TOKEN ?? '',
  };
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
