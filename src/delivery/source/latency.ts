import type { Quantile } from '../analysis/window.ts';
import type { Router } from '../router/contract.ts';
import type { Span } from './contract.ts';

/** Fewer say too little of the slowest requests. */
const REQUESTS_MIN = 100;
/** So many say enough. */
const REQUESTS_ENOUGH = 500;

/**
 * No quantile is below this. Nobody waits for what is quicker, and there two processes of one version differ by more than two
 * versions do: one is warm, the other was started a moment ago.
 */
const NOTICED_MS = 10;

const PARTS: Readonly<Record<Quantile, number>> = { q50: 0.5, q90: 0.9, q95: 0.95, q99: 0.99 };

/** Of the services with just enough requests so few are given up too early. */
const TOO_EARLY = 0.0001;
const HOPE_EVERY_MS = 250;

/**
 * The quantiles of the stable version's latency, from the router's stream of requests: it looks from now on for as long as the span
 * is, `timeoutMs` at most, and no longer than it must; with `isOptional` also no longer than there is hope. null: the router has no
 * such stream, or there were too few requests.
 */
export async function learnLatency(
  router: Router,
  { fromMs, toMs, stable, timeoutMs }: Span,
  isOptional: boolean,
): Promise<Readonly<Record<Quantile, number>> | null> {
  if (!router.follow || stable === null) return null;
  const latencies: number[] = [];
  const enough = Promise.withResolvers<void>();
  const limitMs = Math.min(toMs - fromMs, timeoutMs);
  const startedMs = performance.now();
  const timer = setTimeout(enough.resolve, limitMs);
  const hope = setInterval(() => {
    const part = (performance.now() - startedMs) / limitMs;
    if (isOptional && isHopeless(latencies.length, part)) enough.resolve();
  }, HOPE_EVERY_MS);
  const stop = await router.follow(({ version, latencyMs, status }) => {
    // What has no answer has no latency.
    if (version === stable && status !== null) latencies.push(latencyMs);
    if (latencies.length >= REQUESTS_ENOUGH) enough.resolve();
  });
  await enough.promise;
  clearTimeout(timer);
  clearInterval(hope);
  stop();
  return latencies.length < REQUESTS_MIN ? null : quantilesOf(latencies);
}

/**
 * Whether a service that has just enough requests in the whole time would hardly ever show as few as these in that part of it, 0 to 1.
 * A service that nobody uses is known in a tenth of the time.
 */
export function isHopeless(requests: number, part: number): boolean {
  const expected = REQUESTS_MIN * part;
  let [term, sum] = [Math.exp(-expected), 0];
  for (let count = 0; count <= requests && sum < TOO_EARLY; count++) {
    sum += term;
    term *= expected / (count + 1);
  }
  return sum < TOO_EARLY;
}

function quantilesOf(latencies: readonly number[]): Readonly<Record<Quantile, number>> {
  const sorted = latencies.toSorted((a, b) => a - b);
  const at = (part: number) => Math.max(NOTICED_MS, sorted[Math.ceil(part * sorted.length) - 1]!);
  return { q50: at(PARTS.q50), q90: at(PARTS.q90), q95: at(PARTS.q95), q99: at(PARTS.q99) };
}
