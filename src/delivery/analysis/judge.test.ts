import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { beginJudging, type Judgement, type JudgeState, judge, judgeSilence } from './judge.ts';
import { DEFAULT_POLICY, type Policy } from './policy.ts';
import { learnFrom } from './replay.ts';
import { compileThreshold } from './threshold.ts';
import type { VersionCounts, Window } from './window.ts';

const START_MS = 1_700_000_000_000;

/** The error rate alone, as if its bursts were known: what the golden values are of. */
const ERRORS: Policy = {
  ...DEFAULT_POLICY,
  triggers: [{ kind: 'ratio', name: 'error rate', metric: 'errors' }],
  isGuarded: false,
};

function counts(errors: number, requests: number, more: Partial<VersionCounts> = {}): VersionCounts {
  return { requests, errors, ...more };
}

function window(index: number, canary: VersionCounts, baseline: VersionCounts, weight?: number): Window {
  return { at: START_MS + index * 15_000, canary, baseline, weight };
}

/** Judges windows of [canary errors, canary requests, baseline errors, baseline requests]. */
function judgeAll(policy: Policy, rows: readonly (readonly [number, number, number, number])[]): Judgement[] {
  let state = beginJudging(policy);
  return rows.map(([x, n, y, m], index) => {
    const judgement = judge(state, window(index, counts(x, n), counts(y, m)));
    state = judgement.state;
    return judgement;
  });
}

function repeated<T>(count: number, value: T): T[] {
  return Array.from({ length: count }, () => value);
}

describe('judge', () => {
  it('calls harm as soon as ln E reaches ln(1/alpha), and gives the golden value as evidence', () => {
    const [first, second] = judgeAll(ERRORS, [
      [2, 100, 0, 900],
      [1, 100, 0, 900],
    ]);
    expect(first!.verdict).toBe('undecided');
    expect(second!.verdict).toBe('harm');
    expect(second!.evidence.lnE).toBeCloseTo(4.936798, 6);
    expect(second!.reason).toBe(
      'the canary fails and the baseline does not (3 of 200 against 0 of 1,800): ln E 4.94 has reached the alarm line 4.61',
    );
  });

  it('keeps harm whatever comes after it', () => {
    const last = judgeAll(ERRORS, [[9, 100, 0, 900], ...repeated(50, [0, 100, 9, 900] as const)]).at(-1)!;
    expect(last.verdict).toBe('harm');
    expect(last.evidence.lnE).toBeLessThan(0);
    expect(last.state.harm?.atMs).toBe(START_MS);
  });

  it('calls safe what is proven, and undecided what is not', () => {
    const judgements = judgeAll(ERRORS, repeated(40, [3, 1000, 27, 9000] as const));
    expect(judgements[0]!.verdict).toBe('undecided');
    expect(judgements[0]!.reason).toMatch(/^ln E -[\d.]+ of 4\.61; if it is as good .* more canary requests/);
    expect(judgements.at(-1)!.verdict).toBe('safe');
    expect(judgements.at(-1)!.reason).toContain('less than 2x worse');
  });

  it('does not count an outage of both versions against the canary', () => {
    const judgements = judgeAll(ERRORS, repeated(20, [30, 100, 270, 900] as const));
    expect(judgements.every(({ verdict }) => verdict !== 'harm')).toBe(true);
    expect(judgements[0]!.reason).toContain(
      'both versions fail (30.0 % and 30.0 %), so it is not this release alone',
    );
  });

  it('says no-data where there are no requests', () => {
    const [canary, baseline] = judgeAll(ERRORS, [
      [0, 0, 3, 900],
      [0, 100, 0, 0],
    ]);
    expect(canary).toMatchObject({
      verdict: 'no-data',
      reason: 'the canary had no requests in this window',
    });
    expect(baseline).toMatchObject({
      verdict: 'no-data',
      reason: 'the baseline had no requests in this window',
    });
    expect(baseline!.evidence.lnE).toBe(0);
  });

  it.each([
    [{ requests: Number.NaN, errors: 0 }, 'canary.requests is NaN'],
    [{ requests: -1, errors: 0 }, 'canary.requests is -1'],
    [{ requests: 10.5, errors: 0 }, 'canary.requests is 10.5'],
    [{ requests: 10, errors: 11 }, 'canary.errors is 11, more than its 10 requests'],
    [{ requests: 2 ** 60, errors: 0 }, 'more than can be counted exactly'],
    [{ requests: Number.POSITIVE_INFINITY, errors: 0 }, 'canary.requests is Infinity'],
    [{ requests: '100', errors: 0 }, 'canary.requests is "100"'],
    [
      { requests: 10, errors: 0, exceed: { q50: 1, q90: 2, q95: 0, q99: 0 } },
      'canary.exceed.q90 is 2, more than the 1 of q50',
    ],
    [{ requests: 10, errors: 0, exceed: { q50: 1, q90: 1, q95: 0, q99: 0 } }, 'baseline.exceed is missing'],
    [{ requests: 10 }, 'canary.errors is missing'],
    ['<html>log in</html>', 'canary is "<html>log in</html>"'],
    [null, 'canary is null'],
  ])('takes nothing from a window whose canary is %j', (canary, reason) => {
    const before = judgeAll(ERRORS, [[1, 100, 1, 900]])[0]!.state;
    const judgement = judge(before, window(1, canary as VersionCounts, counts(0, 900)));
    expect(judgement.verdict).toBe('no-data');
    expect(judgement.reason).toContain(reason);
    expect(judgement.state).toEqual(before);
  });

  it('takes a window once, and none that is older', () => {
    const state = judgeAll(ERRORS, [
      [1, 100, 1, 900],
      [1, 100, 1, 900],
    ])[1]!.state;
    for (const [index, reason] of [
      [1, 'was judged already'],
      [0, 'is older'],
    ] as const) {
      const judgement = judge(state, window(index, counts(50, 100), counts(0, 900)));
      expect(judgement.verdict).toBe('no-data');
      expect(judgement.reason).toContain(reason);
      expect(judgement.state.canary).toEqual(state.canary);
    }
  });

  it('never throws, and calls nothing safe or harmful that it did not count', () => {
    const state = judgeAll(ERRORS, [[1, 100, 1, 900]])[0]!.state;
    fc.assert(
      fc.property(fc.anything(), (value) => {
        expect(judge(state, value as Window).verdict).toBe('no-data');
      }),
    );
  });

  it('goes on from its state after a journey through JSON, and the state does not grow', () => {
    const size = fc.integer({ min: 0, max: 40 });
    fc.assert(
      fc.property(fc.array(fc.tuple(size, size), { minLength: 2, maxLength: 30 }), (pairs) => {
        const rows = pairs.map(([x, y]) => [x, 100, y, 900] as const);
        const straight = judgeAll(DEFAULT_POLICY, rows).at(-1)!;
        let state = beginJudging(DEFAULT_POLICY);
        for (const [index, [x, n, y, m]] of rows.entries()) {
          state = JSON.parse(JSON.stringify(judge(state, window(index, counts(x, n), counts(y, m))).state));
        }
        expect(state).toEqual(JSON.parse(JSON.stringify(straight.state)));
      }),
    );
    const length = (rows: number) =>
      JSON.stringify(judgeAll(DEFAULT_POLICY, repeated(rows, [1, 100, 2, 900] as const)).at(-1)!.state)
        .length;
    expect(length(2000)).toBeLessThan(length(5) * 1.2);
  });

  it('shares one alpha: the same errors are weaker evidence beside a second trigger', () => {
    const exceed = { q50: 50, q90: 10, q95: 5, q99: 1 };
    const base = { q50: 450, q90: 90, q95: 45, q99: 9 };
    const one = judge(
      beginJudging({ ...DEFAULT_POLICY, isGuarded: false }),
      window(0, counts(3, 100, { exceed }), counts(0, 900, { exceed: base })),
    );
    const [errors, latency] = one.evidence.triggers;
    expect(errors!.lnE).toBeCloseTo(4.936798, 6);
    expect(errors!.share).toBeCloseTo(16 / 18, 12);
    const mean = (16 / 18) * Math.exp(errors!.lnE!) + (2 / 18) * Math.exp(latency!.lnE!);
    expect(one.evidence.lnE).toBeCloseTo(Math.log(mean), 9);
  });

  it('finds a canary that is only slower in its tail', () => {
    let state = beginJudging({ ...DEFAULT_POLICY, isGuarded: false });
    let last: Judgement | null = null;
    for (let index = 0; index < 5 && last?.verdict !== 'harm'; index++) {
      const canary = counts(0, 100, { exceed: { q50: 50, q90: 14, q95: 10, q99: 6 } });
      const baseline = counts(2, 900, { exceed: { q50: 450, q90: 90, q95: 45, q99: 9 } });
      last = judge(state, window(index, canary, baseline));
      state = last.state;
    }
    expect(last!.verdict).toBe('harm');
    expect(last!.reason).toMatch(/^the canary is slower than the baseline/);
  });

  it('is no-data when a trigger never had data', () => {
    const judgement = judgeAll(DEFAULT_POLICY, [[0, 100, 0, 900]])[0]!;
    expect(judgement).toMatchObject({ verdict: 'no-data', reason: 'latency has had no data yet' });
  });

  it('counts the fresh sample of the present weight only', () => {
    const policy = { ...ERRORS, sampleMin: 5000 };
    let state = beginJudging(policy);
    const verdicts: string[] = [];
    for (let index = 0; index < 60; index++) {
      const weight = index < 30 ? 10 : 25;
      const judgement = judge(state, window(index, counts(3, 1000), counts(27, 9000), weight));
      state = judgement.state;
      verdicts.push(judgement.verdict);
    }
    expect(verdicts[29]).toBe('safe');
    expect(verdicts[30]).toBe('undecided');
    expect(verdicts[34]).toBe('safe');
    expect(state.present).toMatchObject({ weight: 25, canaryRequests: 30_000 });
  });

  it('notices a router that does not send what it was told', () => {
    const judgement = judge(beginJudging(ERRORS), window(0, counts(0, 300), counts(3, 700), 10));
    expect(judgement.verdict).toBe('undecided');
    expect(judgement.reason).toContain('the router sends 30.0 % to the canary, not the 10 % it was told');
    const right = judge(beginJudging(ERRORS), window(0, counts(0, 100), counts(3, 900), 10));
    expect(right.reason).not.toContain('router');
  });
});

describe('judgeSilence', () => {
  it('is no-data once the last window is too old, and before the first', () => {
    const state = judgeAll(ERRORS, repeated(40, [3, 1000, 27, 9000] as const)).at(-1)!.state;
    const lastMs = state.last!.atMs;
    expect(judgeSilence(state, lastMs + 60_000).verdict).toBe('safe');
    expect(judgeSilence(state, lastMs + 301_000)).toMatchObject({
      verdict: 'no-data',
      reason: 'no window has come for 5 min',
    });
    expect(judgeSilence(beginJudging(ERRORS), 0).verdict).toBe('no-data');
  });
});

describe('the sign test as guard', () => {
  const burst = [[9, 100, 0, 900]] as const;
  const aaWindow = (index: number): Window => window(index, counts(1, 100), counts(9, 900));

  it('keeps a single burst from being harm, and says so', () => {
    const judgement = judgeAll({ ...ERRORS, isGuarded: true }, burst)[0]!;
    expect(judgement.verdict).toBe('undecided');
    expect(judgement.reason).toMatch(/looks like harm, but until 20 A\/A windows .* sign test/);
  });

  it('lets harm through that goes on window after window', () => {
    const rows = repeated(12, [5, 100, 3, 900] as const);
    const judgements = judgeAll({ ...ERRORS, isGuarded: true }, rows);
    const found = judgements.findIndex(({ verdict }) => verdict === 'harm');
    expect(found).toBeGreaterThanOrEqual(4);
    expect(found).toBeLessThan(12);
  });

  it('needs seven windows at least between versions of equal traffic', () => {
    const judgements = judgeAll({ ...ERRORS, isGuarded: true }, repeated(12, [9, 100, 0, 100] as const));
    const found = judgements.findIndex(({ verdict }) => verdict === 'harm');
    expect(found + 1).toBeGreaterThanOrEqual(7);
    expect(found + 1).toBeLessThanOrEqual(10);
  });

  it('is not asked any more after 20 A/A windows', () => {
    const learn = (windows: number) =>
      learnFrom(Array.from({ length: windows }, (_, index) => aaWindow(index)));
    const guarded = { ...ERRORS, isGuarded: true };
    expect(judgeAll({ ...guarded, dispersion: learn(19) }, burst)[0]!.verdict).toBe('undecided');
    expect(judgeAll({ ...guarded, dispersion: learn(20) }, burst)[0]!.verdict).toBe('harm');
  });
});

describe('dispersion', () => {
  it('divides the evidence by phi where A/A windows came in bursts', () => {
    const aa = Array.from({ length: 40 }, (_, index) =>
      window(index, counts(index % 2 === 0 ? 40 : 0, 1000), counts(index % 2 === 0 ? 0 : 40, 1000)),
    );
    const dispersion = learnFrom(aa);
    const plain = judgeAll(ERRORS, [[40, 1000, 0, 1000]])[0]!;
    const deflated = judgeAll({ ...ERRORS, dispersion }, [[40, 1000, 0, 1000]])[0]!;
    // z^2 of such a window is 40, so phi is 40: twenty errors of each arm's mean and a CV^2 of 1.95.
    expect(deflated.evidence.phi).toBeCloseTo(40, 6);
    expect(deflated.evidence.lnE).toBeLessThan(plain.evidence.lnE! / 10);
  });

  it('never makes evidence stronger, however even the A/A windows were', () => {
    const even = Array.from({ length: 40 }, (_, index) => window(index, counts(5, 1000), counts(5, 1000)));
    const judgement = judgeAll({ ...ERRORS, dispersion: learnFrom(even) }, [[5, 1000, 2, 1000]])[0]!;
    expect(judgement.evidence.phi).toBe(1);
  });
});

describe('thresholds', () => {
  const withTrigger = (...triggers: Policy['triggers']): JudgeState =>
    beginJudging({ ...DEFAULT_POLICY, triggers, isGuarded: false });

  function verdictOf(state: JudgeState, windows: readonly Window[]): { verdict: string; after: number } {
    let after = 0;
    let verdict = '';
    for (const one of windows) {
      const judgement = judge(state, one);
      state = judgement.state;
      verdict = judgement.verdict;
      after++;
      if (verdict === 'harm') break;
    }
    return { verdict, after };
  }

  it('an error rate above its limit is harm, one below is proven safe, without a baseline', () => {
    const trigger = compileThreshold({ kind: 'error-rate', above: 0.01 });
    const rows = (errors: number) =>
      Array.from({ length: 40 }, (_, index) => window(index, counts(errors, 200), counts(0, 0)));
    expect(verdictOf(withTrigger(trigger), rows(10))).toMatchObject({ verdict: 'harm' });
    expect(verdictOf(withTrigger(trigger), rows(0))).toMatchObject({ verdict: 'safe' });
    expect(trigger.name).toBe('error rate > 1 %');
  });

  it('has the ln E of the fixed form: x ln r + (n - x) ln((1 - r p0) / (1 - p0)), averaged', () => {
    const trigger = compileThreshold({ kind: 'error-rate', above: 0.1 });
    const judgement = judge(withTrigger(trigger), window(0, counts(4, 10), counts(0, 10)));
    // Of the grid 1.25 1.5 2 3 4 6 8 stay below a rate of 1.
    const logs = [1.25, 1.5, 2, 3, 4, 6, 8].map((ratio) => ratio ** 4 * ((1 - ratio * 0.1) / 0.9) ** 6);
    expect(Math.exp(judgement.evidence.lnE!)).toBeCloseTo(logs.reduce((sum, one) => sum + one, 0) / 7, 9);
  });

  it.each([
    ['P95 > 3x baseline', compileThreshold({ kind: 'p95', timesBaseline: 3 }), 'p95', 20],
    ['health failures > 10 %', compileThreshold({ kind: 'health', above: 0.1 }), 'health', 40],
    ['cpu', compileThreshold({ kind: 'samples', metric: 'cpu', badShareMax: 0.05 }), 'cpu', 30],
  ])('%s counts bad samples', (name, trigger, metric, bad) => {
    const rows = (share: number) =>
      Array.from({ length: 30 }, (_, index) =>
        window(index, counts(0, 100, { samples: { [metric]: { taken: 100, bad: share } } }), counts(0, 900)),
      );
    const state = withTrigger(trigger);
    expect(trigger.name).toBe(name);
    expect(verdictOf(state, rows(bad))).toMatchObject({ verdict: 'harm' });
    expect(verdictOf(state, rows(0)).verdict).toBe('safe');
  });

  it('the raw form looks at single windows', () => {
    const trigger = compileThreshold({ kind: 'error-rate', above: 0.01 }, 2);
    const rows = [1, 0, 1, 1].map((errors, index) => window(index, counts(errors, 20), counts(0, 180)));
    expect(verdictOf(withTrigger(trigger), rows)).toEqual({ verdict: 'harm', after: 4 });
    expect(verdictOf(withTrigger(trigger), rows.slice(0, 3)).verdict).toBe('undecided');
  });

  it('accuses nobody before its requests are there', () => {
    const early = { ...compileThreshold({ kind: 'error-rate', above: 0.01 }), requestsMin: 500 };
    const bad = (index: number) => window(index, counts(50, 100), counts(0, 900));
    expect(verdictOf(withTrigger(early), [0, 1, 2, 3].map(bad)).verdict).toBe('undecided');
    expect(verdictOf(withTrigger(early), [0, 1, 2, 3, 4].map(bad))).toEqual({ verdict: 'harm', after: 5 });
    const raw = { ...compileThreshold({ kind: 'error-rate', above: 0.01 }, 1), requestsMin: 500 };
    expect(verdictOf(withTrigger(raw), [0, 1].map(bad)).verdict).toBe('undecided');
  });

  it('is held up by a metric without data, unless that may be silent', () => {
    const cpu = compileThreshold({ kind: 'samples', metric: 'cpu', badShareMax: 0.05 });
    const rows = [0, 1].map((index) => window(index, counts(0, 100), counts(0, 900)));
    expect(verdictOf(withTrigger(cpu), rows).verdict).toBe('no-data');
    expect(verdictOf(withTrigger({ ...cpu, mayBeSilent: true }), rows).verdict).toBe('undecided');
  });

  it('needs no request where only health is judged', () => {
    const trigger = compileThreshold({ kind: 'health', above: 0.1 });
    const rows = [0, 1].map((index) =>
      window(index, counts(0, 0, { samples: { health: { taken: 10, bad: 0 } } }), counts(0, 0)),
    );
    expect(verdictOf(withTrigger(trigger), rows).verdict).not.toBe('no-data');
  });
});
