import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { benjaminiHochberg } from './benjamini-hochberg.ts';
import { normalUpperTail, studentTwoSided } from './distribution.ts';
import { hodgesLehmannShift } from './hodges-lehmann.ts';
import { leastP, mannWhitneyTest } from './mann-whitney.ts';
import { median, thinned } from './sample.ts';
import { welchTest } from './welch.ts';

// Cushny and Peebles' data of 1905, known as `sleep` in R.
const SLEEP_1 = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0, 2];
const SLEEP_2 = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4];

describe('distributions', () => {
  it('have the values of the tables', () => {
    expect(normalUpperTail(0)).toBeCloseTo(0.5, 12);
    expect(normalUpperTail(1.959963984540054)).toBeCloseTo(0.025, 12);
    expect(normalUpperTail(-1.959963984540054)).toBeCloseTo(0.975, 12);
    expect(normalUpperTail(6)).toBeCloseTo(9.865876450377e-10, 18);
    expect(studentTwoSided(12.706204736432095, 1)).toBeCloseTo(0.05, 10);
    expect(studentTwoSided(2.2281388519649385, 10)).toBeCloseTo(0.05, 10);
    expect(studentTwoSided(0.5, 7.5)).toBeGreaterThan(0.6);
  });
});

describe('welchTest', () => {
  it('gives what R gives for its sleep data', () => {
    const { t, degrees, p } = welchTest(SLEEP_1, SLEEP_2);
    expect(t).toBeCloseTo(-1.860813, 6);
    expect(degrees).toBeCloseTo(17.776474, 6);
    expect(p).toBeCloseTo(0.0793941, 7);
  });

  it('takes samples without spread', () => {
    expect(welchTest([1, 1], [1, 1])).toMatchObject({ p: 1, t: 0 });
    expect(welchTest([1, 1], [2, 2])).toMatchObject({ p: 0 });
  });
});

describe('mannWhitneyTest', () => {
  const [first, second] = [
    [19, 22, 16, 29, 24],
    [20, 11, 17, 12],
  ];

  it('counts exactly for small samples', () => {
    const { u, p, isExact, delta } = mannWhitneyTest(first, second);
    expect({ u, isExact }).toEqual({ u: 17, isExact: true });
    expect(p).toBeCloseTo(1 / 9, 12);
    expect(delta).toBeCloseTo(0.7, 12);
    expect(u / 20).toBe(0.85);
  });

  it('comes near to that by the normal distribution, with ties', () => {
    // Each value ten times: ties, so it cannot be counted.
    const ten = (sample: readonly number[]) => sample.flatMap((value) => Array<number>(10).fill(value));
    expect(mannWhitneyTest(ten(first), ten(second))).toMatchObject({ isExact: false, u: 1700 });
    expect(mannWhitneyTest([1, 1], [1, 1])).toMatchObject({ u: 2, p: 1, delta: 0 });
    // R: wilcox.test(c(1, 2, 2, 4), c(2, 3, 5, 6)) with continuity correction.
    expect(mannWhitneyTest([1, 2, 2, 4], [2, 3, 5, 6])).toMatchObject({ u: 3 });
  });

  it('is the same from both sides, whatever the samples are', () => {
    const sample = fc.array(fc.integer({ min: 0, max: 50 }), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(sample, sample, (left, right) => {
        const [one, other] = [mannWhitneyTest(left, right), mannWhitneyTest(right, left)];
        expect(one.p).toBeCloseTo(other.p, 9);
        expect(one.u + other.u).toBe(left.length * right.length);
        expect(one.p).toBeGreaterThan(0);
        expect(one.p).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('knows what samples of a size can tell at all', () => {
    expect(leastP(3, 3)).toBeCloseTo(0.1, 12);
    expect(mannWhitneyTest([1, 2, 3], [4, 5, 6]).p).toBeCloseTo(leastP(3, 3), 12);
  });
});

describe('hodgesLehmannShift', () => {
  it('is the median of all differences', () => {
    expect(hodgesLehmannShift([20, 11, 17, 12], [19, 22, 16, 29, 24])).toBe(7);
    expect(hodgesLehmannShift([1, 2, 3], [11, 12, 13])).toBe(10);
  });

  it('thins out large samples', () => {
    const large = Array.from({ length: 20_000 }, (_, i) => i);
    expect(
      hodgesLehmannShift(
        large,
        large.map((value) => value + 40),
      ),
    ).toBe(40);
    expect(thinned(large, 5)).toEqual([0, 5000, 10_000, 14_999, 19_999]);
    expect(median(large)).toBe(9999.5);
  });
});

describe('benjaminiHochberg', () => {
  it('corrects for how many there are', () => {
    // R: p.adjust(c(0.01, 0.04, 0.03, 0.5), "BH").
    const corrected = benjaminiHochberg([0.01, 0.04, 0.03, 0.5]);
    for (const [i, value] of [0.04, 0.16 / 3, 0.16 / 3, 0.5].entries())
      expect(corrected[i]).toBeCloseTo(value, 12);
    expect(benjaminiHochberg([])).toEqual([]);
  });
});
