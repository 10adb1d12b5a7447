import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lnTruncatedBeta } from '../../../bench/support/judge/truncated-beta.ts';
import { lnGamma } from './gamma.ts';
import {
  addRatioWindow,
  estimateRatio,
  lnHarm,
  lnSafe,
  RATIO_START,
  shareOfErrors,
  type TwoArms,
} from './ratio-test.ts';
import { lnSplit } from './split-test.ts';

/** ln E of the grid, the truncated Beta(1,1) and the Dirichlet with k = 10, for x canary errors of n at the share w. */
const GOLDEN = [
  [7, 7, 0.5, 3.842257, 3.461822, 1.306252],
  [8, 8, 0.5, 4.444708, 4.039145, 1.651092],
  [9, 10, 0.5, 3.174571, 2.918262, 1.376963],
  [3, 3, 0.1, 4.936798, 5.626721, 1.514128],
  [4, 6, 0.1, 4.822044, 4.872285, 2.001481],
  [5, 10, 0.1, 4.24383, 4.217468, 2.236724],
] as const;

/** Counts with this share and these errors; how many requests there were does not matter. */
function arms(x: number, n: number, share: number, requests = 1000): TwoArms {
  const canaryTrials = Math.round(requests * share);
  return { canaryTrials, canaryHits: x, baselineTrials: requests - canaryTrials, baselineHits: n - x };
}

function harmOf(...windows: readonly TwoArms[]): number {
  return lnHarm(windows.reduce((state, window) => addRatioWindow(state, window, 1, 2), RATIO_START));
}

function lnChoose(n: number, k: number): number {
  return lnGamma(n + 1) - lnGamma(k + 1) - lnGamma(n - k + 1);
}

describe('lnHarm', () => {
  it.each(GOLDEN)('of %i of %i errors at a share of %f is the golden value', (x, n, w, grid) => {
    expect(harmOf(arms(x, n, w))).toBeCloseTo(grid, 6);
  });

  it.each(GOLDEN)('of %i of %i at %f: so are its alternatives', (x, n, w, _grid, beta, dirichlet) => {
    expect(lnTruncatedBeta(x, n, w)).toBeCloseTo(beta, 6);
    expect(lnSplit([x, n - x], [w, 1 - w], 10)).toBeCloseTo(dirichlet, 6);
  });

  it('crosses the alarm line with three errors in a row at 10 %, and with nine at 50 %', () => {
    const alarm = Math.log(100);
    expect(harmOf(arms(2, 2, 0.1))).toBeLessThan(alarm);
    expect(harmOf(arms(3, 3, 0.1))).toBeGreaterThan(alarm);
    expect(harmOf(arms(8, 8, 0.5))).toBeLessThan(alarm);
    expect(harmOf(arms(9, 9, 0.5))).toBeGreaterThan(alarm);
  });

  it.each([
    [40, 0.1],
    [40, 0.5],
    [200, 0.01],
    [200, 0.1],
    [200, 0.37],
  ])('has a mean of exactly 1 over all outcomes of %i errors at a share of %f', (n, share) => {
    let [grid, beta, dirichlet] = [0, 0, 0];
    for (let x = 0; x <= n; x++) {
      // E of 200 errors on a canary of 1 % is beyond what a double holds, so it is weighed before the exponential.
      const chance = lnChoose(n, x) + x * Math.log(share) + (n - x) * Math.log(1 - share);
      grid += Math.exp(chance + harmOf(arms(x, n, share)));
      beta += Math.exp(chance + lnTruncatedBeta(x, n, share));
      dirichlet += Math.exp(chance + lnSplit([x, n - x], [share, 1 - share], 10));
    }
    expect(grid).toBeCloseTo(1, 9);
    expect(beta).toBeCloseTo(1, 9);
    expect(dirichlet).toBeCloseTo(1, 9);
  });

  it.each([
    [1000, 100, 0.5],
    [60, 6, 0.211],
  ])('has a mean of at most 1 when %i requests are dealt in turns', (requests, canaryTrials, golden) => {
    let mean = 0;
    for (let x = 0; x <= Math.min(40, canaryTrials); x++) {
      const chance = Math.exp(
        lnChoose(canaryTrials, x) + lnChoose(requests - canaryTrials, 40 - x) - lnChoose(requests, 40),
      );
      mean += chance * Math.exp(harmOf(arms(x, 40, canaryTrials / requests, requests)));
    }
    expect(mean).toBeCloseTo(golden, 3);
  });

  it('does not depend on the order of events within a window, nor on how often one looks', () => {
    const size = fc.integer({ min: 0, max: 50 });
    fc.assert(
      fc.property(fc.array(fc.tuple(size, size), { minLength: 1, maxLength: 20 }), (pairs) => {
        const windows = pairs.map(([x, y]) => arms(x, x + y, 0.1));
        const x = pairs.reduce((sum, pair) => sum + pair[0], 0);
        const y = pairs.reduce((sum, pair) => sum + pair[1], 0);
        expect(harmOf(...windows)).toBeCloseTo(harmOf(arms(x, x + y, 0.1, 100_000)), 8);
        expect(harmOf(...windows.toReversed())).toBeCloseTo(harmOf(...windows), 8);
      }),
    );
  });

  it('rises with each canary error and falls with each baseline error', () => {
    const size = fc.integer({ min: 0, max: 1e9 });
    fc.assert(
      fc.property(size, size, fc.double({ min: 0.001, max: 0.999, noNaN: true }), (x, y, share) => {
        const at = (a: number, b: number) => harmOf(arms(a, a + b, share, 10_000_000));
        const close = 1e-6 * (1 + Math.abs(at(x, y)));
        expect(at(x + 1, y)).toBeGreaterThanOrEqual(at(x, y) - close);
        expect(at(x, y + 1)).toBeLessThanOrEqual(at(x, y) + close);
      }),
    );
  });

  it('stays finite at a billion requests and beyond', () => {
    for (const requests of [1e9, 9e15]) {
      for (const x of [0, requests / 10]) {
        const value = harmOf(arms(x, requests / 5, 0.1, requests));
        expect(Number.isFinite(value)).toBe(true);
        expect(value > 0).toBe(x > requests / 50);
      }
    }
  });
});

describe('lnSafe', () => {
  it('proves a safe canary after the expected number of errors', () => {
    // ln(100) / KL(0.5 || 2/3) = 78.2 errors, half of them on each side.
    const at = (errors: number) =>
      lnSafe(addRatioWindow(RATIO_START, arms(errors / 2, errors, 0.5, 100_000), 1, 2), 2);
    expect(at(60)).toBeLessThan(Math.log(100));
    expect(at(120)).toBeGreaterThan(Math.log(100));
  });

  it('has a mean of at most 1 when the canary is just as bad as it must not be', () => {
    const [n, share, worse] = [60, 0.1, 3];
    const theta = shareOfErrors(worse, share);
    let mean = 0;
    for (let x = 0; x <= n; x++) {
      const chance = Math.exp(lnChoose(n, x) + x * Math.log(theta) + (n - x) * Math.log(1 - theta));
      mean += chance * Math.exp(lnSafe(addRatioWindow(RATIO_START, arms(x, n, share), 1, worse), worse));
    }
    expect(mean).toBeCloseTo(1, 9);
  });
});

describe('estimateRatio', () => {
  it('finds the ratio of the rates within its interval, whatever the weights were', () => {
    const windows = [arms(10, 55, 0.1, 10_000), arms(50, 95, 0.5, 10_000)];
    const state = windows.reduce((before, window) => addRatioWindow(before, window, 1, 2), RATIO_START);
    const { ratio, low, high } = estimateRatio(state, 0.01);
    expect(ratio).toBeCloseTo(1.3, 1);
    expect(low).toBeLessThan(ratio!);
    expect(high).toBeGreaterThan(ratio!);
  });

  it('has no ends before there is evidence, and no ratio before the baseline fails', () => {
    expect(estimateRatio(RATIO_START, 0.01)).toEqual({ ratio: null, low: null, high: null });
    const failing = addRatioWindow(RATIO_START, arms(9, 9, 0.5), 1, 2);
    expect(estimateRatio(failing, 0.01)).toMatchObject({ ratio: null, high: null });
  });
});
