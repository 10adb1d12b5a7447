import { describe, expect, it } from 'vitest';
import { countsBetween } from './counter.ts';

describe('countsBetween', () => {
  const at = (epoch: string, requests: number, errors: number) => ({ epoch, counts: { requests, errors } });

  it('subtracts two readings', () => {
    expect(countsBetween(at('1', 100, 2), at('1', 150, 5))).toEqual({ requests: 50, errors: 3 });
  });

  it('is no data across a reset, seen by the epoch or by a counter that went back', () => {
    expect(countsBetween(at('1', 100, 2), at('2', 150, 5))).toBeNull();
    expect(countsBetween(at('1', 100, 2), at('1', 150, 1))).toBeNull();
    expect(countsBetween(at('1', 100, 2), at('1', Number.NaN, 5))).toBeNull();
  });
});
