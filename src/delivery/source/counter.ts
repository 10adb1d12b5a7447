import type { VersionCounts } from '../analysis/window.ts';

/** What a router tells of a version: counts since its counters began. */
export interface Counters {
  /** Changes whenever the counters begin anew, such as the pid of the router's worker. */
  readonly epoch: string;
  readonly counts: VersionCounts;
}

/**
 * What a version did between two readings; null when the counters began anew in between, which is seen by another epoch or by
 * any counter that went back. What happened in such a span is unknown: it is no data, and never a negative count.
 */
export function countsBetween(before: Counters, after: Counters): VersionCounts | null {
  if (before.epoch !== after.epoch) return null;
  const [old, now] = [flatten(before.counts), flatten(after.counts)];
  for (const [name, count] of old) if (!((now.get(name) ?? Number.NaN) >= count)) return null;
  const since = (name: string): number => now.get(name)! - (old.get(name) ?? 0);
  const { exceed, samples } = after.counts;
  return {
    requests: since('requests'),
    errors: since('errors'),
    ...(exceed && {
      exceed: { q50: since('q50'), q90: since('q90'), q95: since('q95'), q99: since('q99') },
    }),
    ...(samples && {
      samples: Object.fromEntries(
        Object.keys(samples).map((name) => [
          name,
          { taken: since(`taken ${name}`), bad: since(`bad ${name}`) },
        ]),
      ),
    }),
  };
}

function flatten({ requests, errors, exceed, samples }: VersionCounts): Map<string, number> {
  const flat = new Map([['requests', requests], ['errors', errors], ...Object.entries(exceed ?? {})]);
  for (const [name, { taken, bad }] of Object.entries(samples ?? {})) {
    flat.set(`taken ${name}`, taken).set(`bad ${name}`, bad);
  }
  return flat;
}
