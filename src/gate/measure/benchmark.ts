import type { Benchmark } from '../facts/benchmark.ts';
import { benjaminiHochberg } from '../statistics/benjamini-hochberg.ts';
import { hodgesLehmannShift } from '../statistics/hodges-lehmann.ts';
import { mannWhitneyTest } from '../statistics/mann-whitney.ts';
import { median } from '../statistics/sample.ts';
import {
  compareText,
  firstRows,
  type Measurement,
  measured,
  type Unmeasured,
  unmeasured,
} from './measurement.ts';
import type { FactView } from './view.ts';

/** A benchmark beside itself on the target branch. */
interface Pair {
  readonly name: string;
  /** How much worse it is, in percent of the target branch; below 0: better. */
  readonly slowdown: number;
  /** By two samples: whether it is really worse or better. null: there are too few values to tell. */
  readonly isProven: boolean | null;
  /** The smallest slow-down that could be told from noise, in percent; null when nothing is known of the noise. */
  readonly noise: number | null;
}

const ALPHA = 0.01;
const DELTA_MIN = 0.33;
/** With fewer values on either side no difference can reach p = 0.01. */
const SAMPLES_MIN = 5;

/** The largest slow-down against the target branch, in percent; 0 when nothing is slower. */
export function worstSlowdown(view: FactView): Measurement {
  const { pairs, problem } = pairsOf(view);
  if (problem) return problem;
  return fromPairs(pairs, pairs);
}

/**
 * The largest slow-down that two samples prove (p < 0.01 over all benchmarks together, Cliff's delta at least 0.33), in percent.
 * Where a benchmark has too few values for that, its plain slow-down counts.
 */
export function provenSlowdown(view: FactView): Measurement {
  const { pairs, problem } = pairsOf(view);
  if (problem) return problem;
  return fromPairs(
    pairs.filter((pair) => pair.isProven !== false),
    pairs,
  );
}

/** Benchmarks that the target branch has and this change does not. */
export function benchmarksRemoved(view: FactView): Measurement {
  const { pairs, problem, removed } = pairsOf(view);
  if (problem) return problem;
  return measured(removed.length, pairs.length + removed.length, {
    rows: () =>
      firstRows(removed, compareText, (name) => ({
        kind: 'benchmark',
        text: `${name} is not measured any more`,
        path: null,
        line: null,
        fingerprint: null,
      })),
  });
}

function fromPairs(counting: readonly Pair[], all: readonly Pair[]): Measurement {
  const slower = counting.filter((pair) => pair.slowdown > 0);
  const worst = Math.max(0, ...slower.map((pair) => pair.slowdown));
  return measured(worst, all.length, {
    notes: noiseNotes(all),
    rows: () =>
      firstRows(
        slower,
        (a, b) => b.slowdown - a.slowdown || compareText(a.name, b.name),
        ({ name, slowdown, isProven }) => ({
          kind: 'benchmark',
          text: `${name}: ${slowdown.toFixed(1)} % slower${isProven === null ? ' (too few values to prove it)' : ''}`,
          path: null,
          line: null,
          fingerprint: null,
        }),
      ),
    wayOut: (limit) => {
      const over = slower.filter((pair) => limit.kind === 'at-most' && pair.slowdown > limit.value);
      const [first] = over.sort((a, b) => b.slowdown - a.slowdown || compareText(a.name, b.name));
      return first
        ? `make ${first.name} ${(first.slowdown - limit.value).toFixed(1)} % of the base faster`
        : null;
    },
  });
}

/** Where the noise is larger than a difference that matters, a gate cannot see it. */
function noiseNotes(pairs: readonly Pair[]): string[] {
  const noisy = pairs
    .filter((pair) => pair.noise !== null)
    .sort((a, b) => b.noise! - a.noise! || compareText(a.name, b.name));
  const [first] = noisy;
  if (!first) return [];
  return [`${first.name} cannot show less than ${first.noise!.toFixed(1)} %: its noise is that large`];
}

function pairsOf(view: FactView): {
  readonly pairs: readonly Pair[];
  readonly removed: readonly string[];
  readonly problem: Unmeasured | null;
} {
  return view.remember('benchmarks', () => {
    const { reports, problem } = view.reportsOf('benchmarks');
    const nothing = { pairs: [], removed: [] };
    if (problem) return { ...nothing, problem };
    const before = view.base?.reportsOf('benchmarks');
    if (!before || before.problem) {
      const text = 'there are no benchmarks of the target branch';
      return { ...nothing, problem: unmeasured('no-base', text, 'run them on the target branch') };
    }
    const now = byName(reports.flatMap(({ facts }) => facts.benchmarks));
    const old = byName(before.reports.flatMap(({ facts }) => facts.benchmarks));
    const common = [...now.keys()].filter((name) => old.has(name)).sort(compareText);
    if (common.length === 0) {
      return { ...nothing, problem: unmeasured('empty', 'no benchmark is on both branches') };
    }
    const impossible = common.find((name) => !(old.get(name)!.mean > 0) || !(now.get(name)!.mean > 0));
    if (impossible !== undefined) {
      return {
        ...nothing,
        problem: unmeasured('doubtful', `${impossible} has no time at all on one of the branches`),
      };
    }
    const removed = [...old.keys()].filter((name) => !now.has(name));
    return {
      pairs: compared(common.map((name) => [now.get(name)!, old.get(name)!])),
      removed,
      problem: null,
    };
  });
}

function compared(both: readonly (readonly [now: Benchmark, old: Benchmark])[]): Pair[] {
  const tests = both.map(([now, old]) =>
    (now.samples?.length ?? 0) >= SAMPLES_MIN && (old.samples?.length ?? 0) >= SAMPLES_MIN
      ? mannWhitneyTest(now.samples!, old.samples!)
      : null,
  );
  const asked = tests.flatMap((test) => (test ? [test.p] : []));
  const corrected = benjaminiHochberg(asked)[Symbol.iterator]();
  return both.map(([now, old], index) => {
    const test = tests[index]!;
    const isFound = test === null ? null : corrected.next().value! <= ALPHA;
    return {
      name: now.name,
      slowdown: slowdownOf(now, old, test !== null),
      isProven: isFound === null ? null : isFound && Math.abs(test!.delta) >= DELTA_MIN,
      noise: noiseOf(now, old),
    };
  });
}

function slowdownOf(now: Benchmark, old: Benchmark, hasSamples: boolean): number {
  if (hasSamples) {
    const shift = (100 * hodgesLehmannShift(old.samples!, now.samples!)) / median(old.samples!);
    return now.better === 'lower' ? shift : -shift;
  }
  // Half as many operations a second take twice the time.
  return now.better === 'lower' ? 100 * (now.mean / old.mean - 1) : 100 * (old.mean / now.mean - 1);
}

/** Two standard errors of the difference, in percent of the base. */
function noiseOf(now: Benchmark, old: Benchmark): number | null {
  const [a, b] = [errorOf(now), errorOf(old)];
  return a === null || b === null ? null : (200 * Math.hypot(a, b)) / old.mean;
}

function errorOf({ standardDeviation, sampleCount }: Benchmark): number | null {
  return standardDeviation === null || !sampleCount ? null : standardDeviation / Math.sqrt(sampleCount);
}

/** By name and unit. Of one that is there several times, all values count together. */
function byName(benchmarks: readonly Benchmark[]): ReadonlyMap<string, Benchmark> {
  const all = new Map<string, Benchmark>();
  for (const [name, group] of Map.groupBy(benchmarks, (one) => `${one.name} (${one.unit})`)) {
    const [first] = group;
    if (group.length === 1) all.set(name, { ...first!, name });
    else {
      const samples = group.every((one) => one.samples) ? group.flatMap((one) => one.samples!) : null;
      const mean = group.reduce((sum, one) => sum + one.mean, 0) / group.length;
      all.set(name, { ...first!, name, samples, mean, standardDeviation: null, sampleCount: null });
    }
  }
  return all;
}
