import { describe, expect, it } from 'vitest';
import type { Benchmark } from '../facts/benchmark.ts';
import { compareBenchmarks } from './compare-benchmarks.ts';
import { mean } from './sample.ts';

const CALM = [100, 101, 99, 100.5, 99.5, 100.2, 99.8, 100.1, 99.9, 100.3];
const NOISY = [60, 140, 90, 120, 75, 130, 85, 110, 95, 105];

function benchmark(
  samples: readonly number[] | null,
  better: Benchmark['better'] = 'lower',
  unit = 'ms',
): Benchmark {
  const shared = { name: 'parse', unit, better, samples, standardDeviation: null, sampleCount: null };
  return { ...shared, mean: samples ? mean(samples) : 100 };
}

function compare(
  base: readonly number[] | null,
  head: readonly number[] | null,
  better?: Benchmark['better'],
) {
  return compareBenchmarks([{ base: benchmark(base, better), head: benchmark(head, better) }])[0]!;
}

const times = (factor: number) => (value: number) => value * factor;

describe('compareBenchmarks', () => {
  it('tells what became worse, better, or stayed the same', () => {
    const slower = compare(CALM, CALM.map(times(1.08)));
    expect(slower).toMatchObject({ verdict: 'worse', delta: 1 });
    expect(slower.change).toBeCloseTo(0.08, 2);
    expect(slower.reason).toContain('8 % more than at the base');
    expect(compare(CALM, CALM.map(times(0.9)))).toMatchObject({ verdict: 'better' });
    expect(compare(CALM, CALM.map(times(0.9)), 'higher')).toMatchObject({ verdict: 'worse' });
    expect(compare(CALM, CALM)).toMatchObject({ verdict: 'same', p: 1, delta: 0, change: 0 });
  });

  it('lets a sure change pass that is too small to matter', () => {
    const { verdict, p } = compare(CALM, CALM.map(times(1.03)));
    expect(p).toBeLessThan(0.001);
    expect(verdict).toBe('same');
  });

  it('says when the threshold is below the measured noise', () => {
    const { verdict, reason, leastVisibleChange } = compare(NOISY, NOISY.map(times(1.06)));
    expect(verdict).toBe('unclear');
    expect(reason).toMatch(/threshold of 5 % is below the measured noise: .* changes of \d+ % and more/);
    expect(leastVisibleChange).toBeGreaterThan(0.05);
  });

  it('says when it was measured too few times, or not at all, or in other units', () => {
    expect(compare([1, 2, 3], [4, 5, 6])).toMatchObject({
      verdict: 'unclear',
      reason: expect.stringMatching(/too few/),
    });
    expect(compare(null, CALM)).toMatchObject({ verdict: 'unclear', p: null });
    const [other] = compareBenchmarks([{ base: benchmark(CALM), head: benchmark(CALM, 'lower', 's') }]);
    expect(other).toMatchObject({
      verdict: 'unclear',
      reason: 'the base is measured in ms and the head in s',
    });
    expect(compare([0, 0, 0, 0, 0], [1, 1, 1, 1, 1])).toMatchObject({ verdict: 'unclear' });
  });

  it('asks for more certainty when there are many benchmarks', () => {
    const [base, head] = [
      [1, 2, 3, 4, 5.5],
      [4.5, 5, 6, 7, 8],
    ];
    const pair = { base: benchmark(base), head: benchmark(head) };
    const same = { base: benchmark(CALM), head: benchmark(CALM) };
    expect(compareBenchmarks([pair])[0]).toMatchObject({ verdict: 'worse' });
    const many = compareBenchmarks([pair, ...Array.from({ length: 20 }, () => same)]);
    expect(many[0]?.verdict).not.toBe('worse');
    expect(many[0]!.p).toBeGreaterThan(0.05);
  });
});
