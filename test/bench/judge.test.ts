import { describe, expect, it } from 'vitest';
import { kayentaClassify, mannWhitney } from '../../bench/support/judge/kayenta.ts';
import { argoRule, flaggerRule, type Rule } from '../../bench/support/judge/threshold-rules.ts';

function points(high: number, low: number): number[] {
  return [...Array.from({ length: high }, () => 100), ...Array.from({ length: low }, () => 1)];
}

describe("Kayenta's judge, as the benchmark has it", () => {
  const control = points(0, 10);

  it('passes seven points of 100 among ten of 1, as spinnaker#6278 complains', () => {
    const { low, high, estimate } = mannWhitney(points(7, 3), control)!;
    expect(low).toBeLessThan(0.001);
    expect(high).toBeCloseTo(99, 3);
    expect(estimate).toBeCloseTo(99, 3);
    expect(kayentaClassify(points(7, 3), control)).toBe('Pass');
  });

  it('finds eight of them', () => {
    expect(mannWhitney(points(8, 2), control)!.low).toBeCloseTo(99, 3);
    expect(kayentaClassify(points(8, 2), control)).toBe('High');
  });

  it('passes what is the same, and has no opinion without data', () => {
    expect(kayentaClassify([1, 2, 3], [3, 2, 1])).toBe('Pass');
    expect(kayentaClassify([], [1])).toBe('Nodata');
  });
});

describe('the threshold rules, as the benchmark has them', () => {
  /** The window at which a rule rolls back, from 1; `x` is one above the threshold. */
  function rollsBackAt(rule: Rule, windows: string): number {
    const isBad = [...windows].map((window) => window === 'x');
    return isBad.findIndex(rule) + 1;
  }

  it('Argo fails at the first window, or beyond its limit', () => {
    expect(rollsBackAt(argoRule(), '..x.')).toBe(3);
    expect(rollsBackAt(argoRule(1), '..x.x')).toBe(5);
  });

  it('Flagger fails at the tick after its fifth bad check', () => {
    expect(rollsBackAt(flaggerRule(), 'xxxxx.')).toBe(6);
    expect(rollsBackAt(flaggerRule(), 'x.x.x.x.x.')).toBe(10);
  });
});
