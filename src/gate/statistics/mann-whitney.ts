import { normalUpperTail } from './distribution.ts';

/** Whether values of one sample tend to be greater than those of another, as the test of Mann and Whitney says. */
export interface MannWhitneyTest {
  /** How many pairs have the first sample's value as the greater one; a tie counts half. */
  readonly u: number;
  /** Two-sided. */
  readonly p: number;
  /** Whether `p` is counted and not from the normal distribution. */
  readonly isExact: boolean;
  /** Cliff's delta, -1 to 1: by how much more often the first value is the greater one than the smaller one. */
  readonly delta: number;
}

/** Above it, counting takes too long and the normal distribution is near enough. */
const EXACT_PAIRS_MAX = 400;

/** The test of two samples of one value or more each. Exact for small samples without ties. */
export function mannWhitneyTest(first: readonly number[], second: readonly number[]): MannWhitneyTest {
  const pairs = first.length * second.length;
  const { rankSum, tieSum } = rankedFirst(first, second);
  const u = rankSum - (first.length * (first.length + 1)) / 2;
  const isExact = tieSum === 0 && pairs <= EXACT_PAIRS_MAX;
  const p = isExact
    ? exactP(u, first.length, second.length)
    : normalP(u, first.length, second.length, tieSum);
  return { u, p, isExact, delta: (2 * u) / pairs - 1 };
}

/** The least `p` that samples of these sizes can give at all. */
export function leastP(first: number, second: number): number {
  return Math.min(1, 2 / choose(first + second, first));
}

/** Sum of the first sample's ranks, and of t^3 - t over the ties. */
function rankedFirst(first: readonly number[], second: readonly number[]) {
  const all = [
    ...first.map((value) => ({ value, isFirst: true })),
    ...second.map((value) => ({ value, isFirst: false })),
  ].sort((left, right) => left.value - right.value);
  let [rankSum, tieSum] = [0, 0];
  for (let from = 0; from < all.length; ) {
    let to = from;
    while (to < all.length && all[to]!.value === all[from]!.value) to++;
    // Equal values share the mean of their ranks, which count from 1.
    const rank = (from + 1 + to) / 2;
    for (let i = from; i < to; i++) if (all[i]!.isFirst) rankSum += rank;
    tieSum += (to - from) ** 3 - (to - from);
    from = to;
  }
  return { rankSum, tieSum };
}

function exactP(u: number, first: number, second: number): number {
  const pairs = first * second;
  const counts = orders(first, second);
  const extreme = Math.min(u, pairs - u);
  let below = 0;
  let total = 0;
  for (let i = 0; i <= pairs; i++) {
    if (i <= extreme) below += counts[i]!;
    total += counts[i]!;
  }
  return Math.min(1, (2 * below) / total);
}

/** For each u, how many orders of the two samples give it: coefficients of the Gaussian binomial. */
function orders(first: number, second: number): Float64Array {
  const pairs = first * second;
  const counts = new Float64Array(pairs + 1);
  counts[0] = 1;
  for (let i = 1; i <= first; i++) {
    for (let u = pairs; u >= second + i; u--) counts[u]! -= counts[u - second - i]!;
    for (let u = i; u <= pairs; u++) counts[u]! += counts[u - i]!;
  }
  return counts;
}

/** With the correction for continuity and for ties. */
function normalP(u: number, first: number, second: number, tieSum: number): number {
  const all = first + second;
  const variance = ((first * second) / 12) * (all + 1 - tieSum / (all * Math.max(1, all - 1)));
  if (!(variance > 0)) return 1;
  const distance = Math.max(0, Math.abs(u - (first * second) / 2) - 0.5);
  return Math.min(1, 2 * normalUpperTail(distance / Math.sqrt(variance)));
}

function choose(all: number, some: number): number {
  let result = 1;
  for (let i = 1; i <= Math.min(some, all - some); i++) result = (result * (all - i + 1)) / i;
  return result;
}
