import type { JsonObject } from '../base/json.ts';
import type { CacheScope } from '../cache/contract.ts';
import type { Trust } from '../journal/event.ts';
import type { RunSource } from '../journal/run-event.ts';
import { pullRequestOf } from '../pipeline/pull-request.ts';

/** The cache of a branch, and what it may read besides: that of the default branch and, for a pull request, of its base. */
export function cacheScope(source: RunSource, trust: Trust, payload: unknown): CacheScope {
  const request = pullRequestOf((payload ?? {}) as JsonObject);
  const readableRefs = [request?.baseRef ?? null, 'main', 'master'];
  const pull = request?.number ? `pull/${request.number}` : null;
  return {
    repository: source.repository,
    trust,
    ref: pull ?? source.tag ?? source.branch ?? source.commit ?? 'detached',
    readableRefs: readableRefs.filter((ref) => ref !== null),
  };
}
