import type { JsonObject, JsonValue } from '../base/json.ts';

/** What an event's payload says of the pull request, or the like, that it is about. */
export interface PullRequest {
  readonly number: string | null;
  /** Where it wants to be merged into, as the forge says. */
  readonly baseRef: string | null;
  readonly baseCommit: string | null;
  /**
   * null: the payload proves that the code comes from the repository itself. Else a sentence that says what is not
   * proven.
   */
  readonly doubt: string | null;
}

/**
 * Reads the payload of a forge: GitHub's (Gitea's and Forgejo's have the same shape), or GitLab's. null: it speaks of no pull
 * request. Repositories are compared by the forge's own ids; names, authors and `author_association` prove nothing.
 */
export function pullRequestOf(payload: JsonObject): PullRequest | null {
  const found = [github(payload), gitlab(payload), workflowRun(payload), comment(payload)].filter(
    (one) => one !== null,
  );
  const [first] = found;
  if (!first) return null;
  // Whatever else it speaks of has to be beyond doubt too.
  return found.find(({ doubt }) => doubt !== null) ?? first;
}

function github(payload: JsonObject): PullRequest | null {
  const pull = member(payload, 'pull_request');
  if (pull === undefined) return null;
  const [base, head] = [member(pull, 'base'), member(pull, 'head')];
  const repositories = [member(base, 'repo'), member(head, 'repo')] as const;
  const receiver = member(payload, 'repository');
  const doubt =
    doubtOf(...repositories, 'pull request') ??
    (receiver === undefined ? null : doubtOf(receiver, repositories[1], 'pull request'));
  return {
    number: numberText(member(pull, 'number') ?? member(payload, 'number')),
    baseRef: text(member(base, 'ref')),
    baseCommit: text(member(base, 'sha')),
    doubt,
  };
}

function gitlab(payload: JsonObject): PullRequest | null {
  const request = member(payload, 'object_attributes');
  const [source, target] = [member(request, 'source_project_id'), member(request, 'target_project_id')];
  if (source === undefined && target === undefined && member(payload, 'object_kind') !== 'merge_request')
    return null;
  return {
    number: numberText(member(request, 'iid')),
    baseRef: text(member(request, 'target_branch')),
    baseCommit: null,
    doubt: doubtOf({ id: target ?? null }, { id: source ?? null }, 'merge request'),
  };
}

/** A workflow that follows another one has the code of that one's repository. */
function workflowRun(payload: JsonObject): PullRequest | null {
  const run = member(payload, 'workflow_run');
  if (run === undefined) return null;
  const doubt = doubtOf(member(payload, 'repository'), member(run, 'head_repository'), 'run before it');
  return { number: null, baseRef: null, baseCommit: null, doubt };
}

/** A comment tells that there is a pull request, and not whose code it has. */
function comment(payload: JsonObject): PullRequest | null {
  const issue = member(payload, 'issue');
  if (member(issue, 'pull_request') === undefined) return null;
  return {
    number: numberText(member(issue, 'number')),
    baseRef: null,
    baseCommit: null,
    doubt: 'the payload does not say which repository the pull request comes from',
  };
}

function doubtOf(base: JsonValue | undefined, head: JsonValue | undefined, what: string): string | null {
  const [baseId, headId] = [idOf(base), idOf(head)];
  if (baseId === null) return `the payload does not say by id which repository the ${what} is for`;
  if (headId === null) {
    return `the payload does not say by id which repository the ${what} comes from; it may be gone`;
  }
  const [baseName, headName] = [text(member(base, 'full_name')), text(member(head, 'full_name'))];
  const isSame = baseId === headId && (baseName === null || headName === null || baseName === headName);
  return isSame ? null : `the ${what} comes from another repository, ${headName ?? `with id ${headId}`}`;
}

/** Numbers and texts are different ids. A number that JSON cannot keep exactly may be another repository's. */
function idOf(repository: JsonValue | undefined): string | null {
  const id = member(repository, 'id');
  if (typeof id === 'number') return Number.isSafeInteger(id) && id > 0 ? `${id}` : null;
  return typeof id === 'string' && id !== '' ? JSON.stringify(id) : null;
}

function member(value: JsonValue | undefined, name: string): JsonValue | undefined {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return undefined;
  if (!Object.hasOwn(value, name)) return undefined;
  const found = (value as JsonObject)[name];
  return found === null && name === 'pull_request' ? undefined : found;
}

function text(value: JsonValue | undefined): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

function numberText(value: JsonValue | undefined): string | null {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? `${value}` : null;
}
