import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Traffic } from './contract.ts';
import { serverWeights } from './weights.ts';

function traffic(...versions: readonly (readonly [weightPercent: number, servers: number])[]): Traffic {
  return {
    versions: versions.map(([weightPercent, servers], at) => ({
      version: `v${at}`,
      weightPercent,
      backends: Array.from({ length: servers }, (_, port) => ({ host: '127.0.0.1', port: port + 1 })),
      standby: false,
    })),
    rules: [],
    stickiness: null,
    thresholdsMs: [],
  };
}

describe('weights of servers', () => {
  it.each([
    [
      [1, 1],
      [99, 1],
      [1, 99],
    ],
    [
      [25, 1],
      [75, 3],
      [1, 1],
    ],
    [
      [5, 3],
      [95, 5],
      [5, 57],
    ],
    [
      [0, 1],
      [100, 2],
      [0, 1],
    ],
    [
      [0.5, 1],
      [99.5, 1],
      [1, 199],
    ],
  ] as const)('of %j and %j are %j', (one, two, expected) => {
    const { weights, error } = serverWeights(traffic(one, two), 256);
    expect([...weights.values()]).toEqual(expected);
    expect(error).toBeLessThan(1e-9);
  });

  it('say how far off they are where they cannot be exact', () => {
    expect(serverWeights(traffic([0.1, 1], [99.9, 1]), 256).error).toBeGreaterThan(1);
  });

  it('keep each share within what they say, and within the largest weight', () => {
    const share = fc.tuple(fc.integer({ min: 1, max: 99 }), fc.integer({ min: 1, max: 8 }));
    fc.assert(
      fc.property(share, fc.integer({ min: 1, max: 8 }), ([percent, servers], others) => {
        const { weights, error } = serverWeights(traffic([percent, servers], [100 - percent, others]), 256);
        const [one, two] = [weights.get('v0')! * servers, weights.get('v1')! * others];
        expect(Math.max(...weights.values())).toBeLessThanOrEqual(256);
        expect(Math.abs((100 * one) / (one + two) - percent)).toBeLessThanOrEqual(error * percent + 1e-9);
      }),
    );
  });
});
