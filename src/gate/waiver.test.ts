import { describe, expect, it } from 'vitest';
import {
  aCondition,
  aFinding,
  aTest,
  aWaiver,
  evidence,
  findings,
  HEAD,
  judgeOne,
  NOW,
  tests,
} from '../../test/support/evidence.ts';
import { closeReview, eventsOf, foldReviews } from './bypass.ts';
import { checkWaivers, waiverId } from './waiver.ts';
import { foldWaivers } from './waiver-history.ts';

const DAY_MS = 86_400_000;
const inDays = (days: number) => new Date(NOW + days * DAY_MS).toISOString();
const sast = aCondition({ preset: 'sast', name: 'sast' });
const two = evidence([findings([aFinding({ rule: 'a' }), aFinding({ rule: 'b' })])]);

describe('a waiver', () => {
  it('accepts only what it matches', () => {
    const a = aWaiver({ condition: 'sast', match: { rule: 'a' } });
    const b = aWaiver({ condition: 'sast', match: { rule: 'b', path: 'src/**' } });
    const one = judgeOne(sast, { head: two }, { waivers: [a] });
    expect(one).toMatchObject({ verdict: 'fail', effect: 'blocks', waivers: [waiverId(a)] });
    expect(one.sentence).toContain('findings.sast.high is 1');
    expect(judgeOne(sast, { head: two }, { waivers: [a, b] })).toMatchObject({
      verdict: 'waived',
      effect: 'none',
    });
  });

  it('accepts one finding by its fingerprint and one test by its name', () => {
    const failed = judgeOne(sast, { head: two });
    const fingerprint = failed.checks.find((check) => check.verdict === 'fail')!.rows[0]!.fingerprint!;
    const waiver = aWaiver({ condition: 'sast', match: { fingerprint } });
    expect(judgeOne(sast, { head: two }, { waivers: [waiver] }).sentence).toContain(
      'findings.sast.high is 1',
    );
    const condition = aCondition({ atMost: 0 }, 'tests.failed');
    const head = evidence([tests([aTest('a', { status: 'failed' }), aTest('b')])]);
    expect(judgeOne(condition, { head }, { waivers: [aWaiver({ match: { test: 'a' } })] }).verdict).toBe(
      'waived',
    );
    expect(judgeOne(condition, { head }, { waivers: [aWaiver({ match: { test: 'b' } })] }).verdict).toBe(
      'fail',
    );
  });

  it('with a match never accepts that nothing is known', () => {
    const waiver = aWaiver({ condition: 'sast', match: { rule: 'a' } });
    expect(judgeOne(sast, {}, { waivers: [waiver] }).verdict).toBe('inconclusive');
    expect(judgeOne(sast, {}, { waivers: [aWaiver({ condition: 'sast' })] }).verdict).toBe('waived');
  });

  it('that ended fails again and is named', () => {
    const waiver = aWaiver({ condition: 'sast', expires: inDays(0) });
    const result = judgeOne(sast, { head: two }, { waivers: [waiver] });
    expect(result).toMatchObject({ verdict: 'fail' });
    expect(result.sentence).toContain('the waiver of sast (SEC-9, team/security) ended at');
    expect(result.gate.waiverFindings.map(({ code }) => code)).toEqual(['waiver-expired']);
  });

  it('is refused from an author of the change, however the name is written', () => {
    const waiver = aWaiver({ condition: 'sast', approver: '@Alice' });
    const result = judgeOne(sast, { head: two }, { waivers: [waiver] });
    expect(result.verdict).toBe('fail');
    expect(result.gate.waiverFindings[0]!.code).toBe('waiver-self-approved');
  });

  it('may last the shorter, the worse the finding', () => {
    const critical = evidence([findings([aFinding({ severity: 'critical' })])]);
    const until = (days: number) => [
      aWaiver({ condition: 'sast', expires: inDays(days), match: { rule: 'no-eval' } }),
    ];
    expect(judgeOne(sast, { head: critical }, { waivers: until(30) }).verdict).toBe('waived');
    const late = judgeOne(sast, { head: critical }, { waivers: until(31) });
    expect(late.verdict).toBe('fail');
    expect(late.sentence).toContain('at most 30 days');
  });

  it('is told when it ends soon, and when it has matched nothing for 14 days', () => {
    const waiver = aWaiver({ condition: 'sast', match: { rule: 'gone' }, expires: inDays(40) });
    const seen = (days: number) => ({
      [waiverId(waiver)]: { firstSeenAtMs: NOW - days * DAY_MS, lastUsedAtMs: null },
    });
    const codes = (waiverHistory: ReturnType<typeof seen>, expires = waiver.expires) =>
      judgeOne(
        sast,
        { head: two },
        { waivers: [{ ...waiver, expires }], context: { waiverHistory } },
      ).gate.waiverFindings.map(({ code }) => code);
    expect(codes(seen(14))).toEqual(['waiver-stale']);
    expect(codes(seen(13))).toEqual([]);
    expect(codes({}, inDays(14))).toEqual(['waiver-expires-soon']);
  });
});

describe('checkWaivers', () => {
  const problems = (waiver: Parameters<typeof aWaiver>[0]) =>
    checkWaivers([aWaiver({ condition: 'sast', ...waiver })], ['sast'], NOW).map(({ message }) => message);

  it('accepts a good one', () => expect(problems({})).toEqual([]));

  it.each([
    [{ owner: ' ' }, 'a waiver needs `owner`'],
    [{ approver: '' }, 'a waiver needs `approver`'],
    [{ expires: 'soon' }, 'soon is no time'],
    [{ expires: inDays(366) }, 'no waiver may last longer than 365 days'],
    [{ emergency: true, expires: inDays(1.01) }, 'an emergency bypass may last at most 24 hours'],
    [{ condition: 'sats' }, 'no gate has a condition that is called sats'],
    [{ match: { fingerprint: 'abc' } }, 'a fingerprint has 16 to 64 digits from 0 to f'],
    [{ match: { path: '' } }, '`match.path` is empty and would match nothing'],
  ])('stops the load: %j', (waiver, message) => {
    expect(problems(waiver)).toEqual([message]);
  });
});

describe('an emergency bypass', () => {
  const waiver = aWaiver({ condition: 'sast', emergency: true, expires: inDays(0.5) });
  const { gate } = judgeOne(sast, { head: two }, { waivers: [waiver] });
  const journal = (bodies: ReturnType<typeof eventsOf>) => bodies.map((body, at) => ({ at, body }));

  it('opens one review for a commit, which stays open until it is closed with a text', () => {
    const events = eventsOf(gate, [waiver], []);
    expect(events.map(({ type }) => type)).toEqual(['gate.judged', 'waiver.used', 'bypass.opened']);
    const [review] = foldReviews(journal(events));
    expect(review).toMatchObject({ condition: 'sast', head: HEAD, closed: null });
    expect(eventsOf(gate, [waiver], [review!]).map(({ type }) => type)).toEqual([
      'gate.judged',
      'waiver.used',
    ]);
    expect(closeReview(review!, 'bob', 'ok')).toMatchObject({ ok: false });
    const closing = closeReview(review!, 'bob', 'the scanner was wrong; the rule is off now');
    const closed = foldReviews(journal([...events, ...(closing.ok ? [closing.event] : [])]));
    expect(closed[0]!.closed).toMatchObject({ by: 'bob' });
    expect(closeReview(closed[0]!, 'bob', 'once more, for no reason')).toMatchObject({ ok: false });
  });
});

describe('a waiver with a start', () => {
  it('holds from then on', () => {
    const waiver = aWaiver({ condition: 'sast', granted: inDays(1), expires: inDays(5) });
    const result = judgeOne(sast, { head: two }, { waivers: [waiver] });
    expect(result).toMatchObject({ verdict: 'fail', effect: 'blocks' });
    expect(result.sentence).toContain(`holds from ${inDays(1)} on`);
    expect(result.gate.waiverFindings.map(({ code }) => code)).toEqual(['waiver-not-yet']);
    const begun = aWaiver({ condition: 'sast', granted: inDays(0), expires: inDays(5) });
    expect(judgeOne(sast, { head: two }, { waivers: [begun] }).verdict).toBe('waived');
  });

  it('does not become allowed by waiting: its length counts from its start', () => {
    const waiver = aWaiver({ condition: 'sast', granted: inDays(-50), expires: inDays(20) });
    const result = judgeOne(sast, { head: two }, { waivers: [waiver] });
    expect(result.verdict).toBe('fail');
    expect(result.gate.waiverFindings.map(({ code }) => code)).toEqual(['waiver-too-long']);
  });

  it('is refused before it is loaded when it ends first', () => {
    const waiver = aWaiver({ condition: 'sast', granted: inDays(5), expires: inDays(4) });
    expect(checkWaivers([waiver], ['sast'], NOW)).toMatchObject([
      { code: 'bad-waiver', message: `it ends before it is granted, at ${inDays(5)}` },
    ]);
    const bypass = aWaiver({ condition: 'sast', emergency: true, granted: inDays(-2), expires: inDays(0.5) });
    expect(checkWaivers([bypass], ['sast'], NOW)).toMatchObject([{ code: 'bad-waiver' }]);
  });
});

describe('the past of a waiver', () => {
  const used = aWaiver({ condition: 'sast', match: { rule: 'a' } });
  const idle = aWaiver({ condition: 'sast', match: { rule: 'z' } });
  const { gate } = judgeOne(sast, { head: two }, { waivers: [used, idle] });
  const at = (days: number) =>
    eventsOf(gate, [used, idle, aWaiver({ condition: 'other' })], []).map((body) => ({
      at: NOW + days * DAY_MS,
      body,
    }));

  it('tells when it was first seen and last used', () => {
    expect(foldWaivers([...at(-20), ...at(-3)])).toEqual({
      [waiverId(used)]: { firstSeenAtMs: NOW - 20 * DAY_MS, lastUsedAtMs: NOW - 3 * DAY_MS },
      [waiverId(idle)]: { firstSeenAtMs: NOW - 20 * DAY_MS, lastUsedAtMs: null },
    });
  });

  it('counts what covers something although nothing has to be accepted', () => {
    const low = evidence([findings([aFinding({ rule: 'a', severity: 'low' })])]);
    const { gate: passed } = judgeOne(sast, { head: low }, { waivers: [used, idle] });
    expect(passed.conditions[0]).toMatchObject({
      verdict: 'pass',
      waivers: [],
      waiversIdle: [waiverId(used)],
    });
    const events = eventsOf(passed, [used, idle], []);
    const history = foldWaivers(events.map((body) => ({ at: NOW - 20 * DAY_MS, body })));
    expect(history[waiverId(used)]!.lastUsedAtMs).toBe(NOW - 20 * DAY_MS);
    expect(history[waiverId(idle)]!.lastUsedAtMs).toBeNull();
    expect(events.map(({ type }) => type)).toEqual(['gate.judged']);
  });

  it('never calls one stale that covers what it may not accept', () => {
    const critical = evidence([findings([aFinding({ rule: 'a', severity: 'critical' })])]);
    const long = aWaiver({ condition: 'sast', match: { rule: 'a' }, expires: inDays(50) });
    const codes = judgeOne(
      sast,
      { head: critical },
      {
        waivers: [long],
        context: {
          waiverHistory: { [waiverId(long)]: { firstSeenAtMs: NOW - 20 * DAY_MS, lastUsedAtMs: null } },
        },
      },
    ).gate.waiverFindings.map(({ code }) => code);
    expect(codes).toEqual(['waiver-too-long']);
  });

  it('makes one stale that matched nothing for 14 days', () => {
    const stale = (days: number) =>
      judgeOne(
        sast,
        { head: two },
        { waivers: [used, idle], context: { waiverHistory: foldWaivers(at(days)) } },
      ).gate.waiverFindings.map(({ code }) => code);
    expect(stale(-14)).toContain('waiver-stale');
    expect(stale(-13)).not.toContain('waiver-stale');
  });
});
