import { describe, expect, it } from 'vitest';

import type { Sight, Use } from './look.ts';
import { Tally } from './tally.ts';

const used = (use: Partial<Use> | null): Sight => ({
  instance: { id: 'shop-1', host: 'a', digest: 'd', address: null, startedAtMs: 0, isRunning: true },
  isDown: false,
  reason: '',
  tail: [],
  use: use && { atMs: 0, processorSeconds: 0, memoryBytes: 0, processors: 2, memoryMaxBytes: 100, ...use },
});

describe('tally', () => {
  it('counts probes until they are taken', () => {
    const tally = new Tally();
    for (const isGood of [true, false, true]) tally.take('d', isGood);
    tally.take('other', false);
    expect(tally.collect('d').health).toEqual({ taken: 3, bad: 1 });
    expect(tally.collect('d').health).toEqual({ taken: 0, bad: 0 });
  });

  it('reads the larger share of processor and memory', () => {
    const tally = new Tally();
    tally.read([used({ memoryBytes: 30 })]);
    tally.read([used({ atMs: 1000, processorSeconds: 1.5, memoryBytes: 30 })]);
    tally.read([used({ atMs: 2000, processorSeconds: 1.6, memoryBytes: 40 })]);
    expect(tally.collect('d').resources).toEqual([0.3, 0.75, 0.4]);
  });

  it('never reads less than nothing or more than all', () => {
    const tally = new Tally();
    tally.read([used({ processorSeconds: 9, memoryBytes: 1000 })]);
    // It was started again, and its time began anew.
    tally.read([used({ atMs: 1000, processorSeconds: 1 })]);
    tally.read([used({ atMs: 1500, processorSeconds: 5 })]);
    tally.read([used(null)]);
    expect(tally.collect('d').resources).toEqual([1, 0, 1]);
  });
});
