import { visible } from '../../base/text.ts';
import type { VersionCounts } from '../analysis/window.ts';
import type { Router, RouterCounts } from '../router/contract.ts';
import type { Answer } from './answer.ts';
import type { Reading, Source, Span } from './contract.ts';
import { type Counters, countsBetween } from './counter.ts';
import { learnLatency } from './latency.ts';
import { Mark } from './mark.ts';
import { ANEW, none } from './two-versions.ts';

const NAME = 'the router';

/** Evidence from the router's own counters, and latencies from its stream of requests. */
export function openRouterSource(router: Router): Source {
  const mark = new Mark<RouterCounts>();
  const read = async (span: Span): Promise<Reading> => {
    const before = mark.at(span);
    const asked = await observe(router, span.timeoutMs);
    if ('problem' in asked) return none(NAME, asked.problem);
    const now = asked.value;
    mark.set(span, now);
    if (before === null) return none(NAME, 'counts from now on');
    const between = (version: string) =>
      countsBetween(countersOf(before, version, span), countersOf(now, version, span));
    const canary = between(span.candidate);
    const baseline = span.stable === null ? { requests: 0, errors: 0 } : between(span.stable);
    if (canary === null || baseline === null) return none(NAME, ANEW);
    return { kind: 'window', window: { at: span.toMs, canary, baseline } };
  };
  return {
    kind: 'router',
    read,
    quantiles: (span, isOptional = false) => learnLatency(router, span, isOptional),
    close: async () => {},
  };
}

async function observe(router: Router, timeoutMs: number): Promise<Answer<RouterCounts>> {
  const late = Promise.withResolvers<null>();
  const timer = setTimeout(() => late.resolve(null), timeoutMs);
  try {
    const observed = await Promise.race([router.observe(), late.promise]);
    if (observed === null) return { problem: `does not answer within ${timeoutMs} ms; see whether it runs` };
    if (observed.outcome === 'known') return { value: observed };
    return { problem: `cannot be asked: ${visible(observed.reason)}; see whether it runs` };
  } finally {
    clearTimeout(timer);
  }
}

/** A version's counts as those of a window. One that had no request is not named by the router. */
function countersOf({ epoch, thresholdsMs, versions }: RouterCounts, version: string, span: Span): Counters {
  const tally = versions[version];
  const requests = tally?.requests ?? 0;
  const slower = (thresholdMs: number): number | null => {
    const index = thresholdsMs.indexOf(thresholdMs);
    return index < 0 ? null : (tally?.exceed[index] ?? 0);
  };
  const samples: [string, { taken: number; bad: number }][] = [];
  for (const [metric, slowMs] of Object.entries(span.slowMs)) {
    const bad = slower(slowMs);
    if (bad !== null) samples.push([metric, { taken: requests, bad }]);
  }
  const exceed = exceedOf(span, slower);
  const counts: VersionCounts = {
    requests,
    errors: tally?.errors ?? 0,
    ...(exceed && { exceed }),
    ...(samples.length > 0 && { samples: Object.fromEntries(samples) }),
  };
  return { epoch, counts };
}

/** null when latency is not judged, or the router does not count by these thresholds. */
function exceedOf(
  { thresholdsMs }: Span,
  slower: (thresholdMs: number) => number | null,
): VersionCounts['exceed'] | null {
  if (thresholdsMs === null) return null;
  const q50 = slower(thresholdsMs.q50);
  const q90 = slower(thresholdsMs.q90);
  const q95 = slower(thresholdsMs.q95);
  const q99 = slower(thresholdsMs.q99);
  if (q50 === null || q90 === null || q95 === null || q99 === null) return null;
  return { q50, q90, q95, q99 };
}
