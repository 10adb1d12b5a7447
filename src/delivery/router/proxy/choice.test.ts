import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Traffic } from '../contract.ts';
import { Chooser } from './choice.ts';

const backends = [{ host: 'localhost', port: 1 }];
const isUp = () => true;

function chooser(weights: readonly number[], more: Partial<Traffic> = {}): Chooser {
  const versions = weights.map((weightPercent, index) => ({
    version: `v${index}`,
    weightPercent,
    backends,
    standby: false,
  }));
  return new Chooser({ versions, rules: [], stickiness: null, thresholdsMs: [], ...more });
}

describe('Chooser', () => {
  it('gives each of two versions its share of any window to within one request', () => {
    const weights = fc.integer({ min: 0, max: 100 });
    const window = fc.integer({ min: 1, max: 300 });
    fc.assert(
      fc.property(weights, window, window, (weight, before, count) => {
        const choices = chooser([weight, 100 - weight]);
        for (let request = 0; request < before; request++) choices.next(isUp);
        let first = 0;
        for (let request = 0; request < count; request++) if (choices.next(isUp) === 'v0') first++;
        expect(Math.abs(first - (count * weight) / 100)).toBeLessThanOrEqual(1);
      }),
      { numRuns: 200 },
    );
  });

  it('keeps visitors of the first version there as its weight grows', () => {
    const stickiness = { by: 'header', name: 'X-User' } as const;
    const small = chooser([20, 80], { stickiness });
    const large = chooser([50, 50], { stickiness });
    let first = 0;
    for (let user = 0; user < 1000; user++) {
      const headers = { 'x-user': `user ${user}` };
      if (small.choose(headers, isUp)?.version !== 'v0') continue;
      first++;
      expect(large.choose(headers, isUp)?.version).toBe('v0');
    }
    expect(first).toBeGreaterThan(150);
    expect(first).toBeLessThan(250);
  });

  it('sends visitors elsewhere while their version is down, and ignores cookies that mean nothing', () => {
    const choices = chooser([100, 0], { stickiness: { by: 'cookie', name: 'place' } });
    expect(choices.choose({ cookie: 'place=5' }, () => false)).toBe(null);
    for (const cookie of ['place=99999', 'place=-1', 'place=', 'place=one', 'other=1'])
      expect(choices.choose({ cookie }, isUp)?.setCookie).toMatch(/^place=\d{1,4}; Path=\//);
  });
});
