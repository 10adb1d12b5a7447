import type { RouterCounts, VersionTally } from '../contract.ts';
import type { Facts, ServerCounts } from './facts.ts';
import type { Kept } from './kept.ts';
import { countedThresholds } from './maps.ts';

const NOTHING: ServerCounts = { requests: 0, errors: 0, exceed: [] };

/** What each version has done since the epoch began, from the counts of its servers. */
export function talliesOf({ traffic, slots, epoch, base }: Kept, facts: Facts): RouterCounts {
  const thresholdsMs = traffic === null ? [] : countedThresholds(traffic);
  const versions: Record<string, VersionTally> = {};
  for (const [name, { version }] of Object.entries(slots)) {
    const now = facts.servers.get(name)?.counts ?? NOTHING;
    const then = (base.process === facts.process ? base.counts[name] : undefined) ?? NOTHING;
    const requests = Math.max(0, now.requests - then.requests);
    if (requests === 0) continue;
    const before = versions[version];
    // One that is asked again counts its failure before its end.
    const errors = Math.min(requests, now.errors - then.errors);
    versions[version] = {
      requests: (before?.requests ?? 0) + requests,
      errors: (before?.errors ?? 0) + errors,
      exceed: thresholdsMs.map(
        (_, at) =>
          (before?.exceed[at] ?? 0) + Math.min(requests, (now.exceed[at] ?? 0) - (then.exceed[at] ?? 0)),
      ),
      seconds: [],
    };
  }
  return { outcome: 'known', epoch: `${epoch}/${facts.process}`, thresholdsMs, versions };
}
