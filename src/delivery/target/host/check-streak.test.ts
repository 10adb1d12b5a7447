import { describe, expect, it } from 'vitest';

import type { HealthCheck } from '../../../pipeline/plan-health-check.ts';
import { CheckStreaks } from './check-streak.ts';

const ready: HealthCheck = {
  name: 'ready',
  kind: 'readiness',
  ask: { kind: 'http', url: '/', status: null },
  intervalMs: 100,
  timeoutMs: 50,
  successThreshold: 2,
  failureThreshold: 3,
  place: { file: 'sluice.yaml', start: { line: 1, column: 1 }, end: { line: 1, column: 1 } },
};
const started: HealthCheck = { ...ready, name: 'started', kind: 'startup', failureThreshold: 10 };

describe('check streaks', () => {
  it('are passed after so many good answers in a row', () => {
    const streaks = new CheckStreaks([ready], false);
    for (const [index, isGood] of [true, false, true].entries()) {
      streaks.record(0, index * 100, isGood, 'no');
      expect(streaks.havePassed).toBe(false);
    }
    streaks.record(0, 300, true, '');
    expect(streaks.havePassed).toBe(true);
  });

  it('fail after so many bad answers in a row, and say the last one', () => {
    const streaks = new CheckStreaks([ready], false);
    for (const isGood of [false, false, true, false, false]) streaks.record(0, 0, isGood, 'first');
    expect(streaks.failure).toBe(null);
    streaks.record(0, 0, false, 'the answer was 500');
    expect(streaks.failure).toBe('the check ready failed 3 times in a row: the answer was 500');
  });

  it('are due again after their interval', () => {
    const streaks = new CheckStreaks([ready], false);
    expect(streaks.due(0)).toEqual([0]);
    streaks.record(0, 40, true, '');
    expect(streaks.due(139)).toEqual([]);
    expect(streaks.nextMs()).toBe(140);
    expect(streaks.due(140)).toEqual([0]);
  });

  it('ask for readiness when the start is over, and then for the start no more', () => {
    const streaks = new CheckStreaks([ready, started], false);
    expect(streaks.due(0)).toEqual([1]);
    streaks.record(1, 0, true, '');
    expect(streaks.due(500)).toEqual([1]);
    streaks.record(1, 100, true, '');
    expect(streaks.due(500)).toEqual([0]);
    expect(new CheckStreaks([ready, started], true).due(0)).toEqual([0]);
  });

  it('have nothing that is due without checks', () => {
    const streaks = new CheckStreaks([], false);
    expect([streaks.havePassed, streaks.nextMs(), streaks.failure]).toEqual([
      true,
      Number.POSITIVE_INFINITY,
      null,
    ]);
  });
});
