import type { CacheScope } from '../cache/contract.ts';
import type { Trust } from '../journal/event.ts';
import type { RunSource } from '../journal/run-event.ts';

/** The cache of a branch, and what it may read besides: that of the default branch and, for a pull request, of its base. */
export function cacheScope(source: RunSource, trust: Trust, payload: unknown): CacheScope {
  const { base, number } = (payload ?? {}) as { readonly base?: unknown; readonly number?: unknown };
  const readableRefs = [typeof base === 'string' ? base : null, 'main', 'master'];
  const pull = typeof number === 'number' || typeof number === 'string' ? `pull/${number}` : null;
  return {
    repository: source.repository,
    trust,
    ref: pull ?? source.tag ?? source.branch ?? source.commit ?? 'detached',
    readableRefs: readableRefs.filter((ref) => ref !== null),
  };
}
