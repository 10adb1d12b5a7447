import type { Benchmark } from '../facts/benchmark.ts';
import { benjaminiHochberg } from './benjamini-hochberg.ts';
import { hodgesLehmannShift } from './hodges-lehmann.ts';
import { leastP, mannWhitneyTest } from './mann-whitney.ts';
import { median, variance } from './sample.ts';

/** When a difference counts. All three must hold: it is no chance, it is no overlap, and it is large enough to matter. */
export interface ComparisonLimits {
  /** Of the corrected p value, such as 0.05. */
  readonly alpha: number;
  /** Of Cliff's delta, such as 0.33, a medium effect. */
  readonly delta: number;
  /** Share of the base's median, such as 0.05 for 5 %. */
  readonly threshold: number;
}

export const DEFAULT_LIMITS: ComparisonLimits = { alpha: 0.05, delta: 0.33, threshold: 0.05 };

/** What became of one benchmark between two samples of it. */
export interface BenchmarkComparison {
  readonly name: string;
  /** `unclear`: the samples cannot tell, for `reason`; a gate is inconclusive then. */
  readonly verdict: 'worse' | 'better' | 'same' | 'unclear';
  /** One sentence without a full stop. */
  readonly reason: string;
  /** Share of the base's median by which the head is greater; null without samples. */
  readonly change: number | null;
  /** Corrected for all benchmarks of the run; null without samples. */
  readonly p: number | null;
  /** Cliff's delta of head over base; null without samples. */
  readonly delta: number | null;
  /** The least change that these samples would show in four of five runs, as a share of the base's median; null without samples. */
  readonly leastVisibleChange: number | null;
}

/** One benchmark as it was at the base and is at the head. */
export interface BenchmarkPair {
  readonly base: Benchmark;
  readonly head: Benchmark;
}

/** Compares all benchmarks of a run, in order: the more there are, the surer each difference must be. */
export function compareBenchmarks(
  pairs: readonly BenchmarkPair[],
  limits: ComparisonLimits = DEFAULT_LIMITS,
): BenchmarkComparison[] {
  const measured = pairs.map((pair) => measure(pair));
  const tested = measured.filter((one) => one !== null);
  const corrected = benjaminiHochberg(tested.map(({ p }) => p));
  let next = 0;
  return pairs.map((pair, index) => {
    const one = measured[index] ?? null;
    return one === null ? unmeasured(pair) : judged(pair, { ...one, p: corrected[next++]! }, limits);
  });
}

interface Measured {
  readonly p: number;
  readonly delta: number;
  readonly change: number;
  readonly leastVisibleChange: number;
  readonly leastP: number;
}

function measure({ base, head }: BenchmarkPair): Measured | null {
  const [before, after] = [base.samples ?? [], head.samples ?? []];
  if (before.length < 2 || after.length < 2 || base.unit !== head.unit) return null;
  const middle = median(before);
  if (!(middle > 0)) return null;
  const { p, delta } = mannWhitneyTest(after, before);
  const error = Math.sqrt(variance(before) / before.length + variance(after) / after.length);
  return {
    p,
    delta,
    change: hodgesLehmannShift(before, after) / middle,
    leastVisibleChange: (VISIBLE_ERRORS * error) / middle,
    leastP: leastP(before.length, after.length),
  };
}

/** Errors of the mean between noise and what is seen with alpha 5 % and a power of 80 %: 1.960 + 0.842. */
const VISIBLE_ERRORS = 2.802;

function judged(
  { base, head }: BenchmarkPair,
  measured: Measured,
  limits: ComparisonLimits,
): BenchmarkComparison {
  const { p, delta, change, leastVisibleChange } = measured;
  const shared = { name: head.name, change, p, delta, leastVisibleChange };
  if (measured.leastP >= limits.alpha) {
    const sizes = `${base.samples!.length} and ${head.samples!.length} samples`;
    return {
      ...shared,
      verdict: 'unclear',
      reason: `${sizes} are too few to tell anything; measure more of them`,
    };
  }
  const isDifferent =
    p < limits.alpha && Math.abs(delta) >= limits.delta && Math.abs(change) >= limits.threshold;
  if (isDifferent) {
    const isWorse = change > 0 === (base.better === 'lower');
    const direction = change > 0 ? 'more' : 'less';
    const reason = `${percent(Math.abs(change))} ${direction} than at the base (p ${p.toPrecision(2)}, delta ${delta.toFixed(2)})`;
    return { ...shared, verdict: isWorse ? 'worse' : 'better', reason };
  }
  if (limits.threshold < leastVisibleChange) {
    const reason =
      `the threshold of ${percent(limits.threshold)} is below the measured noise: ` +
      `these samples show changes of ${percent(leastVisibleChange)} and more`;
    return { ...shared, verdict: 'unclear', reason };
  }
  return { ...shared, verdict: 'same', reason: `no change of ${percent(limits.threshold)} or more is seen` };
}

function unmeasured({ base, head }: BenchmarkPair): BenchmarkComparison {
  const reason =
    base.unit === head.unit
      ? 'the reports hold no two samples of both sides to compare; let the tool write its samples'
      : `the base is measured in ${base.unit} and the head in ${head.unit}`;
  return {
    name: head.name,
    verdict: 'unclear',
    reason,
    change: null,
    p: null,
    delta: null,
    leastVisibleChange: null,
  };
}

function percent(share: number): string {
  return `${Number((100 * share).toPrecision(2))} %`;
}
