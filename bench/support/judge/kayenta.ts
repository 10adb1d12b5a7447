/*
 * Kayenta's NetflixACAJudge with its defaults, for one metric whose increase is bad: the Mann-Whitney test on one point an
 * interval, with a Hodges-Lehmann estimate and a tolerance of a quarter of it.
 */

const QUANTILE = 2.3263478740408408; // qnorm(0.99): a 98 % interval
const TOLERANCE = 0.25;

export interface MannWhitney {
  readonly low: number;
  readonly high: number;
  readonly estimate: number;
}

/** Pass, or High when the canary is above the baseline; `error` where Kayenta's own code gives up. */
export function kayentaClassify(
  canary: readonly number[],
  baseline: readonly number[],
): 'Pass' | 'High' | 'Low' | 'Nodata' | 'Error' {
  if (canary.length === 0 || baseline.length === 0) return 'Nodata';
  const all = new Set([...canary, ...baseline]);
  const same = (one: readonly number[]): string => [...one].sort((a, b) => a - b).join();
  if (all.size === 1 || same(canary) === same(baseline)) return 'Pass';
  const result = mannWhitney(canary, baseline);
  if (result === null) return 'Error';
  const bound = TOLERANCE * Math.abs(result.estimate);
  if (result.low > bound) return 'High';
  return result.high < -bound ? 'Low' : 'Pass';
}

/** The interval and the estimate of the shift between the canary and the baseline; null when the spread of ranks is 0. */
export function mannWhitney(canary: readonly number[], baseline: readonly number[]): MannWhitney | null {
  const [lowest, highest] = [
    Math.min(...canary) - Math.max(...baseline),
    Math.max(...canary) - Math.min(...baseline),
  ];
  const root = (quantile: number): number | null =>
    findRoot((shift) => statistic(canary, baseline, shift, quantile), lowest, highest);
  const [low, high, estimate] = [root(QUANTILE), root(-QUANTILE), root(0)];
  return low === null || high === null || estimate === null ? null : { low, high, estimate };
}

/** Wilcoxon's normalised rank sum of the canary shifted by `shift`, with correction for continuity and ties, minus a quantile. */
function statistic(
  canary: readonly number[],
  baseline: readonly number[],
  shift: number,
  quantile: number,
): number | null {
  const [n, m] = [canary.length, baseline.length];
  const pooled = [
    ...canary.map((value) => ({ value: value - shift, isCanary: true })),
    ...baseline.map((value) => ({ value, isCanary: false })),
  ].sort((one, other) => one.value - other.value);
  let ranks = 0;
  let ties = 0;
  for (let from = 0; from < pooled.length; ) {
    let to = from;
    while (to < pooled.length && pooled[to]!.value === pooled[from]!.value) to++;
    const size = to - from;
    ties += size ** 3 - size;
    const rank = (from + 1 + to) / 2;
    ranks += rank * pooled.slice(from, to).filter((one) => one.isCanary).length;
    from = to;
  }
  const distance = ranks - (n * (n + 1)) / 2 - (n * m) / 2;
  const corrected = distance - 0.5 * Math.sign(distance);
  const variance = ((n * m) / 12) * (n + m + 1 - ties / ((n + m) * (n + m - 1)));
  return variance > 0 ? corrected / Math.sqrt(variance) - quantile : null;
}

/** Where a falling step function crosses zero, by halves; an end where it does not cross. */
function findRoot(at: (shift: number) => number | null, lowest: number, highest: number): number | null {
  const [first, last] = [at(lowest), at(highest)];
  if (first === null || last === null) return null;
  if (first <= 0) return lowest;
  if (last >= 0) return highest;
  let [low, high] = [lowest, highest];
  for (let turn = 0; turn < 60 && high - low > 1e-9 * (1 + Math.abs(low)); turn++) {
    const middle = (low + high) / 2;
    const value = at(middle);
    if (value === null) return null;
    if (value > 0) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
