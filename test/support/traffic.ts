import type { VersionCounts, Window } from '../../src/delivery/analysis/window.ts';
import type { Seeded } from '../sim/random.ts';

/** One version's behaviour: the share of its requests that fail, and that are slower than each threshold. */
export interface Behaviour {
  readonly errorRate: number;
  /** Shares above q50, q90, q95, q99, falling; null: latency is not told. */
  readonly slower: readonly [number, number, number, number] | null;
}

/** The baseline of the figures: 0.3 % errors, latency as its own thresholds say. */
export const GOOD: Behaviour = { errorRate: 0.003, slower: [0.5, 0.1, 0.05, 0.01] };

export interface Traffic {
  readonly canary: Behaviour;
  readonly baseline: Behaviour;
  readonly canaryRequests: number;
  readonly baselineRequests: number;
  /** Squared coefficient of variation of each version's error rate from window to window; 0: errors come one by one. */
  readonly variation: number;
}

const WINDOW_MS = 15_000;

/** The window number `index` of a release with that traffic. */
export function drawWindow(random: Seeded, traffic: Traffic, index: number): Window {
  const { variation } = traffic;
  return {
    at: 1_700_000_000_000 + index * WINDOW_MS,
    canary: drawCounts(random, traffic.canary, traffic.canaryRequests, variation),
    baseline: drawCounts(random, traffic.baseline, traffic.baselineRequests, variation),
  };
}

function drawCounts(
  random: Seeded,
  behaviour: Behaviour,
  requests: number,
  variation: number,
): VersionCounts {
  const burst = variation === 0 ? 1 : variation * drawGamma(random, 1 / variation);
  const rate = Math.min(1, behaviour.errorRate * burst);
  const errors =
    variation === 0 ? drawBinomial(random, requests, rate) : drawByRequest(random, requests, rate);
  if (behaviour.slower === null) return { requests, errors };
  const [p50, p90, p95, p99] = behaviour.slower;
  const q50 = drawBinomial(random, requests, p50);
  const q90 = drawBinomial(random, q50, p90 / p50);
  const q95 = drawBinomial(random, q90, p95 / p90);
  const q99 = drawBinomial(random, q95, p99 / p95);
  return { requests, errors, exceed: { q50, q90, q95, q99 } };
}

/** Distribution functions by `trials:probability`; windows of a simulation are of few sizes. */
const tables = new Map<string, Float64Array>();

/** A binomial number, by inversion of its distribution function. */
export function drawBinomial(random: Seeded, trials: number, probability: number): number {
  if (trials === 0 || probability <= 0) return 0;
  if (probability >= 1) return trials;
  const key = `${trials}:${probability}`;
  let table = tables.get(key);
  if (!table) {
    table = distribution(trials, probability);
    tables.set(key, table);
  }
  const u = random.next();
  let [low, high] = [0, table.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (table[middle]! > u) high = middle;
    else low = middle + 1;
  }
  return low;
}

function distribution(trials: number, probability: number): Float64Array {
  const table = new Float64Array(trials + 1);
  const odds = Math.log(probability) - Math.log1p(-probability);
  let log = trials * Math.log1p(-probability);
  let sum = 0;
  for (let count = 0; count <= trials; count++) {
    sum += Math.exp(log);
    table[count] = sum;
    log += Math.log((trials - count) / (count + 1)) + odds;
  }
  return table;
}

function drawByRequest(random: Seeded, requests: number, rate: number): number {
  let hits = 0;
  for (let request = 0; request < requests; request++) if (random.next() < rate) hits++;
  return hits;
}

/** A gamma number with mean `shape` and scale 1. Source: Marsaglia and Tsang 2000. */
function drawGamma(random: Seeded, shape: number): number {
  if (shape < 1) return drawGamma(random, shape + 1) * random.next() ** (1 / shape);
  const d = shape - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const z = Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());
    const v = (1 + c * z) ** 3;
    if (v > 0 && Math.log(1 - random.next()) < (z * z) / 2 + d - d * v + d * Math.log(v)) return d * v;
  }
}
