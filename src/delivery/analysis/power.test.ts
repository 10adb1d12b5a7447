import { describe, expect, it } from 'vitest';
import { bernoulliDivergence, oneArmBound, twoArmBound } from './divergence.ts';
import { falseRollbackRate } from './per-window.ts';
import { power, requestsToHarm, requestsToSafe, smallestHarm, timeToHarmMs } from './power.ts';

const at = (share: number, baselineRate = 0.003) => ({
  share,
  baselineRate,
  alpha: 0.01,
  partOfAlpha: 1,
});

describe('bernoulliDivergence', () => {
  it.each([
    [0.05, 0.0948],
    [0.012, 0.00768],
    [0.006, 0.00116],
  ])('of %f against 0.003 is %f', (rate, golden) => {
    expect(bernoulliDivergence(rate, 0.003)).toBeCloseTo(golden, 5);
  });
});

describe('the bounds that no method can beat', () => {
  it.each([
    [0.05, [49, 44, 34], [179, 67, 50]],
    [0.012, [600, 544, 415], [1582, 715, 611]],
    [0.006, [3958, 3590, 2738], [8995, 4525, 4010]],
  ])('for a rate of %f beside 0.003', (bad, oneArm, twoArm) => {
    const one = [null, 0.05, 0.2].map((missed) => Math.round(oneArmBound(bad, 0.003, 0.01, missed)));
    expect(one).toEqual(oneArm);
    const two = [0.5, 0.1, 0.01].map((share) => Math.round(twoArmBound(bad, 0.003, share, 0.01)));
    expect(two).toEqual(twoArm);
  });
});

describe('requestsToSafe', () => {
  it.each([
    [2, 0.003, 13_033, 5905],
    [3, 0.003, 5336, 2118],
    [5, 0.003, 2612, 875],
    [2, 0.05, 782, 354],
  ])('to less than %ix worse at a rate of %f', (worse, rate, half, tenth) => {
    expect(Math.abs(requestsToSafe(at(0.5, rate), worse)! - half)).toBeLessThanOrEqual(1);
    expect(Math.abs(requestsToSafe(at(0.1, rate), worse)! - tenth)).toBeLessThanOrEqual(1);
  });

  it('counts the evidence that is there, and cannot tell without errors', () => {
    expect(requestsToSafe(at(0.1), 2, 4)).toBeLessThan(requestsToSafe(at(0.1), 2)!);
    expect(requestsToSafe(at(0.1), 2, 10)).toBe(0);
    expect(requestsToSafe(at(0.1, 0), 2)).toBeNull();
  });
});

describe('requestsToHarm', () => {
  // Medians and 90th percentiles of simulations with a look at each request; ours looks once, so it is a little later.
  it.each([
    [0.1, 0.05, 70, 164],
    [0.1, 0.012, 788, 1804],
    [0.5, 0.05, 196, 337],
    [0.5, 0.012, 1711, 3453],
  ])('at a share of %f and a rate of %f is within 25 %% of what was measured', (share, bad, median, most) => {
    const ratio = bad / 0.003;
    for (const [chance, measured] of [
      [0.5, median],
      [0.9, most],
    ] as const) {
      const requests = requestsToHarm(at(share), ratio, chance)!;
      expect(requests).toBeGreaterThanOrEqual(measured * 0.9);
      expect(requests).toBeLessThanOrEqual(measured * 1.25);
    }
  });

  it('is later when alpha is shared, and never for what is no harm', () => {
    expect(requestsToHarm({ ...at(0.1), partOfAlpha: 0.5 }, 4)).toBeGreaterThan(requestsToHarm(at(0.1), 4)!);
    expect(requestsToHarm(at(0.1), 1)).toBeNull();
    expect(requestsToHarm(at(0.1, 0), 4)).toBeNull();
  });

  it('becomes a time at a rate of requests: 3/s at 10 % find 5 % errors in about 4 minutes', () => {
    const minutes = timeToHarmMs(at(0.1), 0.05 / 0.003, 3)! / 60_000;
    expect(minutes).toBeGreaterThan(3.5);
    expect(minutes).toBeLessThan(5);
    expect(timeToHarmMs(at(0.1), 4, 0)).toBeNull();
  });
});

describe('smallestHarm', () => {
  it('is the harm that the sample finds with 90 %', () => {
    const ratio = smallestHarm(at(0.1), 1000)!;
    expect(power(at(0.1), 1000, ratio)).toBeGreaterThanOrEqual(0.9);
    expect(power(at(0.1), 1000, ratio * 0.98)).toBeLessThan(0.9);
  });

  it('falls with the sample, and is null where a sample finds nothing', () => {
    const sizes = [200, 1000, 10_000, 1e6].map((requests) => smallestHarm(at(0.1), requests)!);
    expect(sizes).toEqual(sizes.toSorted((a, b) => b - a));
    expect(smallestHarm(at(0.1), 2)).toBeNull();
  });
});

describe('falseRollbackRate', () => {
  it.each([
    [20, 0.835],
    [100, 0.674],
    [600, 0.073],
  ])('of a 99 %% success rule on 30 windows of %i requests is what Argo shows', (requests, golden) => {
    const rate = falseRollbackRate({ rate: 0.003, limit: 0.01, requests, windows: 30, windowsInARow: 1 });
    expect(rate).toBeCloseTo(golden, 3);
  });

  it('falls with the windows in a row that are asked for', () => {
    const rate = (windowsInARow: number) =>
      falseRollbackRate({ rate: 0.003, limit: 0.01, requests: 20, windows: 30, windowsInARow });
    expect(rate(2)).toBeLessThan(rate(1) / 5);
    expect(rate(2)).toBeCloseTo(1 - (1 - 0.0583 ** 2) ** 29, 1);
  });
});
