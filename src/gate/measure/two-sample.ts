/** Median by linear interpolation; NaN of nothing. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return (sorted[Math.floor(middle)]! + sorted[Math.ceil(middle)]!) / 2;
}

/** Two samples compared by rank. */
export interface RankTest {
  /** Pairs in which the first is larger; a tie counts half. */
  readonly u: number;
  /** Two-sided. Exact for small samples without ties, else by the normal distribution with continuity. */
  readonly p: number;
  /** Cliff's delta, -1 to 1: how much more often the first is larger than smaller. */
  readonly delta: number;
}

const EXACT_MAX = 400;

/** Mann and Whitney's test. Both samples need a value. */
export function mannWhitney(first: readonly number[], second: readonly number[]): RankTest {
  let u = 0;
  for (const a of first) for (const b of second) u += a > b ? 1 : a === b ? 0.5 : 0;
  const pairs = first.length * second.length;
  const ties = tieGroups([...first, ...second]);
  const isExact = ties.length === 0 && pairs <= EXACT_MAX;
  const p = isExact ? exactP(u, first.length, second.length) : normalP(u, first.length, second.length, ties);
  return { u, p, delta: (2 * u) / pairs - 1 };
}

/** The two-sided p by the normal distribution, corrected for ties and continuity. */
export function normalP(u: number, n: number, m: number, ties: readonly number[] = []): number {
  const all = n + m;
  const tied = ties.reduce((sum, t) => sum + t ** 3 - t, 0);
  const variance = ((n * m) / 12) * (all + 1 - tied / (all * (all - 1)));
  if (variance <= 0) return 1;
  const z = Math.max(0, Math.abs(u - (n * m) / 2) - 0.5) / Math.sqrt(variance);
  return Math.min(1, 2 * (1 - normal(z)));
}

function tieGroups(values: readonly number[]): number[] {
  return [...Map.groupBy(values, (value) => value).values()]
    .map((group) => group.length)
    .filter((n) => n > 1);
}

/** How many of all orders of n and m values give each u, and from it the share as far out as this one. */
function exactP(u: number, n: number, m: number): number {
  let counts = Array.from({ length: m + 1 }, () => [1]);
  for (let i = 1; i <= n; i++) {
    const next: number[][] = [[1]];
    for (let j = 1; j <= m; j++) next.push(added(counts[j]!, next[j - 1]!, j));
    counts = next;
  }
  const ways = counts[m]!;
  const total = ways.reduce((sum, count) => sum + count, 0);
  const tail = Math.min(u, n * m - u);
  let within = 0;
  for (let i = 0; i <= tail; i++) within += ways[i] ?? 0;
  return Math.min(1, (2 * within) / total);
}

/** The last value is of the first sample, above all j of the second, or it is of the second. */
function added(ofFirst: readonly number[], ofSecond: readonly number[], shift: number): number[] {
  const length = Math.max(ofFirst.length + shift, ofSecond.length);
  return Array.from({ length }, (_, at) => (ofFirst[at - shift] ?? 0) + (ofSecond[at] ?? 0));
}

/** The distribution function of the normal distribution (Abramowitz and Stegun 7.1.26 is too coarse: this is by series). */
function normal(z: number): number {
  if (z > 8) return 1;
  let term = z;
  let sum = z;
  for (let i = 1; Math.abs(term) > 1e-17 * Math.abs(sum) && i < 500; i++) {
    term *= (z * z) / (2 * i + 1);
    sum += term;
  }
  return 0.5 + (sum * Math.exp((-z * z) / 2)) / Math.sqrt(2 * Math.PI);
}

/** The median of all differences first - second: how much the first is shifted. */
export function hodgesLehmann(first: readonly number[], second: readonly number[]): number {
  return median(first.flatMap((a) => second.map((b) => a - b)));
}

/** Which of many tests hold at `alpha` when all of them are looked at (Benjamini and Hochberg). */
export function discoveries(ps: readonly number[], alpha: number): boolean[] {
  const order = ps.map((p, index) => ({ p, index })).sort((a, b) => a.p - b.p);
  let last = -1;
  order.forEach(({ p }, rank) => {
    if (p <= (alpha * (rank + 1)) / ps.length) last = rank;
  });
  const found = ps.map(() => false);
  for (const { index } of order.slice(0, last + 1)) found[index] = true;
  return found;
}
