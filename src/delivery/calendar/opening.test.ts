import { describe, expect, it } from 'vitest';
import type { DeployFreeze, DeployWindow } from '../../pipeline/plan-environment.ts';
import { openingAt } from './opening.ts';
import { ruleHolds } from './recurrence.ts';

const place = {} as DeployWindow['place'];
const window = (more: Partial<DeployWindow>): DeployWindow => ({
  rule: null,
  fromMinute: 9 * 60,
  toMinute: 16 * 60,
  timeZone: 'UTC',
  place,
  ...more,
});
const freeze = (start: string, end: string, reason: string | null = null): DeployFreeze => ({
  start,
  end,
  reason,
  place,
});
const at = (time: string) => Date.parse(time);
const opens = (windows: readonly DeployWindow[], freezes: readonly DeployFreeze[], now: string) => {
  const { closed, untilMs } = openingAt(windows, freezes, at(now));
  return closed === null ? 'open' : untilMs === null ? 'never' : new Date(untilMs).toISOString();
};

describe('openingAt', () => {
  it('is always open without windows and freezes', () => {
    expect(opens([], [], '2026-11-21T03:00:00Z')).toBe('open');
  });

  it('opens with the next window of the right day', () => {
    const weekdays = [window({ rule: 'FREQ=WEEKLY;BYDAY=MO,TU,WE,TH' })];
    expect(opens(weekdays, [], '2026-11-19T15:59:00Z')).toBe('open');
    expect(opens(weekdays, [], '2026-11-19T16:00:00Z')).toBe('2026-11-23T09:00:00.000Z');
  });

  it('counts in the time zone of the window, through a change of the clock', () => {
    const berlin = [window({ timeZone: 'Europe/Berlin' })];
    expect(opens(berlin, [], '2026-10-24T20:00:00Z')).toBe('2026-10-25T08:00:00.000Z');
    expect(opens(berlin, [], '2026-10-23T20:00:00Z')).toBe('2026-10-24T07:00:00.000Z');
    // 02:30 does not exist on that night.
    const night = [window({ fromMinute: 150, toMinute: 300, timeZone: 'Europe/Berlin' })];
    expect(opens(night, [], '2026-03-29T00:00:00Z')).toBe('2026-03-29T01:30:00.000Z');
  });

  it('a window over midnight belongs to the day on which it begins', () => {
    const friday = [window({ rule: 'FREQ=WEEKLY;BYDAY=FR', fromMinute: 22 * 60, toMinute: 2 * 60 })];
    expect(opens(friday, [], '2026-11-21T01:00:00Z')).toBe('open');
    expect(opens(friday, [], '2026-11-20T01:00:00Z')).toBe('2026-11-20T22:00:00.000Z');
  });

  it('is closed in a freeze, with its reason, until a window after it', () => {
    const frozen = [freeze('2026-12-20T00:00:00Z', '2027-01-04T00:00:00Z', 'end of the year')];
    expect(opens([window({})], frozen, '2026-12-24T10:00:00Z')).toBe('2027-01-04T09:00:00.000Z');
    expect(openingAt([], frozen, at('2026-12-24T10:00:00Z')).closed).toBe(
      'deployments are frozen until 2027-01-04T00:00:00.000Z (end of the year)',
    );
  });

  it('says when it does not open at all', () => {
    expect(opens([window({ rule: 'FREQ=DAILY;UNTIL=20200101' })], [], '2026-11-21T10:00:00Z')).toBe('never');
  });
});

describe('ruleHolds', () => {
  const days = (rule: string, year: number, month: number) =>
    Array.from({ length: 31 }, (_, index) => index + 1).filter(
      (day) =>
        new Date(Date.UTC(year, month - 1, day)).getUTCMonth() === month - 1 &&
        ruleHolds(rule, { year, month, day }),
    );

  // November 2026 begins on a Sunday.
  it.each([
    ['FREQ=DAILY', Array.from({ length: 30 }, (_, index) => index + 1)],
    ['FREQ=WEEKLY;BYDAY=MO', [2, 9, 16, 23, 30]],
    ['FREQ=MONTHLY;BYDAY=2TU', [10]],
    ['FREQ=MONTHLY;BYDAY=-1FR', [27]],
    ['FREQ=MONTHLY;BYMONTHDAY=1,-1', [1, 30]],
    ['FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1', [30]],
    ['FREQ=YEARLY;BYMONTH=11;BYDAY=4TH', [26]],
    ['FREQ=YEARLY;BYYEARDAY=-40', [22]],
    ['FREQ=YEARLY;BYWEEKNO=48;BYDAY=MO', [23]],
    ['FREQ=MONTHLY;INTERVAL=2', [1]],
    ['FREQ=MONTHLY;INTERVAL=3', []],
    ['FREQ=MONTHLY;BYMONTH=11', [1]],
    ['FREQ=WEEKLY;BYDAY=SA;UNTIL=20261114', [7, 14]],
    ['FREQ=YEARLY;COUNT=3', []],
  ])('%s', (rule, expected) => {
    expect(days(rule, 2026, 11)).toEqual(expected);
  });
});
