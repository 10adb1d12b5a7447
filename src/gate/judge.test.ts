import { describe, expect, it } from 'vitest';
import {
  aBenchmark,
  aCondition,
  aCoverage,
  aFinding,
  aReport,
  aTest,
  aWaiver,
  BASE,
  baseEvidence,
  evidence,
  findings,
  HEAD,
  judgeOne,
  NOW,
  numbers,
  tests,
} from '../../test/support/evidence.ts';
import { parseDiff } from './change/parse-diff.ts';
import type { BrokenReport } from './evidence.ts';
import { refusalOfVerdict } from './judge.ts';
import { policyDigest } from './policy/resolve.ts';

const LINES_80 = aCondition({ atLeast: 80 }, 'coverage.line');
const covered = (count: number, of: number) =>
  aCoverage({ 'src/a.ts': Array.from({ length: of }, (_, index) => (index < count ? 1 : 0)) });

describe('judge', () => {
  it('passes at the limit itself', () => {
    const result = judgeOne(LINES_80, { head: evidence([covered(8, 10)]) });
    expect(result).toMatchObject({ verdict: 'pass', effect: 'none' });
    expect(result.checks[0]).toMatchObject({ actual: 80, limit: 80, sample: 10, margin: 0 });
    expect(result.gate.sentence).toBe('1 condition passed');
  });

  it('says how many more lines would pass, and where', () => {
    const result = judgeOne(LINES_80, { head: evidence([covered(5, 10)]) });
    expect(result).toMatchObject({
      verdict: 'fail',
      effect: 'blocks',
      sentence: 'coverage.line is 50 %; it must be at least 80 %',
      wayOut: '3 more covered lines in src/a.ts would pass',
    });
    expect(result.checks[0]!.rows[0]!.text).toBe('src/a.ts: 5 of 10 lines not run');
  });

  it('does not round a value onto the limit', () => {
    const result = judgeOne(LINES_80, { head: evidence([covered(79_999, 100_000)]) });
    expect(result.sentence).toBe('coverage.line is 79.999 %; it must be at least 80 %');
  });

  it('lets a warning pass the gate and a shadow say what it would have said', () => {
    const head = evidence([covered(5, 10)]);
    expect(judgeOne({ ...LINES_80, mode: 'warn' }, { head })).toMatchObject({
      verdict: 'warn',
      effect: 'warns',
    });
    expect(judgeOne({ ...LINES_80, mode: 'shadow' }, { head })).toMatchObject({
      verdict: 'not-applicable',
      effect: 'none',
      shadow: 'fail',
    });
  });

  it('counts a finding of unknown severity as each severity', () => {
    const head = evidence([findings([aFinding({ severity: 'unknown' })])]);
    expect(judgeOne(aCondition({ preset: 'sast' }), { head }).verdict).toBe('fail');
  });

  it('does not count what the report itself suppresses', () => {
    const head = evidence([findings([aFinding({ suppressed: 'inSource' })])]);
    expect(judgeOne(aCondition({ preset: 'sast' }), { head }).verdict).toBe('pass');
  });

  it('does not take an empty bill of materials for a dependency scan', () => {
    const head = evidence([aReport({ kind: 'cyclonedx', components: [] })]);
    expect(judgeOne(aCondition({ preset: 'sca' }), { head }).verdict).toBe('inconclusive');
  });

  it('does not take a scan of the code for one of dependencies', () => {
    const head = evidence([findings([])]);
    expect(judgeOne(aCondition({ preset: 'sca' }), { head }).checks[0]!.reason).toBe('missing');
    expect(judgeOne(aCondition({ preset: 'sast' }), { head }).verdict).toBe('pass');
  });

  it('takes integration coverage only from what is called so', () => {
    const condition = aCondition({ preset: 'coverage-integration' });
    const report = covered(9, 10);
    expect(judgeOne(condition, { head: evidence([report]) }).verdict).toBe('inconclusive');
    expect(judgeOne(condition, { head: evidence([{ ...report, job: 'integration-tests' }]) }).verdict).toBe(
      'pass',
    );
  });

  it('excepts changes with a label, and files', () => {
    const condition = (labels: string[], paths: string[]) => ({
      ...LINES_80,
      exceptions: [{ labels, paths, reason: null, place: LINES_80.place }],
    });
    const head = evidence([aCoverage({ 'src/a.ts': [1, 1], 'gen/b.ts': [0, 0] })]);
    expect(judgeOne(condition(['hotfix'], []), { head }, { scope: { labels: ['hotfix'] } }).verdict).toBe(
      'not-applicable',
    );
    expect(judgeOne(condition([], ['gen/**']), { head }).verdict).toBe('pass');
    expect(judgeOne(condition([], []), { head }).verdict).toBe('fail');
  });

  it('is for exactly this commit, artifact and policy', () => {
    const { gate } = judgeOne(LINES_80, { head: evidence([covered(8, 10)]) });
    const wanted = { commit: HEAD, artifactDigest: null, policyDigest: policyDigest([LINES_80], false) };
    expect(refusalOfVerdict(gate, wanted)).toBeNull();
    expect(refusalOfVerdict(gate, { ...wanted, commit: BASE })).toContain('another commit');
    expect(refusalOfVerdict(gate, { ...wanted, policyDigest: policyDigest([LINES_80], true) })).toContain(
      'another policy',
    );
  });
});

describe('evidence that is no evidence', () => {
  const broken = (more: Partial<BrokenReport>): BrokenReport => ({
    job: 'test',
    file: 'lcov.info',
    kind: 'lcov',
    code: 'report-malformed',
    message: 'it ends inside of a record',
    line: 7,
    ...more,
  });

  const cases: readonly (readonly [string, Parameters<typeof evidence>])[] = [
    ['no report', [[]]],
    ['a broken report beside a good one', [[covered(9, 10)], { broken: [broken({})] }]],
    ['a broken report of no known kind', [[covered(9, 10)], { broken: [broken({ kind: null })] }]],
    ['a report of another commit', [[{ ...covered(9, 10), commit: BASE }]]],
    ['a report of no known commit', [[{ ...covered(9, 10), commit: null }]]],
    ['a report older than the run', [[{ ...covered(9, 10), writtenAtMs: NOW - 90_000 }]]],
    ['a report without a line', [[aCoverage({})]]],
    [
      'a report with a doubt',
      [
        [
          {
            ...covered(9, 10),
            facts: {
              ...covered(9, 10).facts,
              doubts: [{ code: 'totals-differ', message: 'LF says 12', line: 3, pointer: null }],
            },
          },
        ],
      ],
    ],
  ];

  it.each(cases)('is inconclusive and blocks: %s', (_, [reports, more]) => {
    expect(judgeOne(LINES_80, { head: evidence(reports, more) })).toMatchObject({
      verdict: 'inconclusive',
      effect: 'blocks',
    });
  });

  it('names the file, the line and the cause', () => {
    const head = evidence([], { broken: [broken({})] });
    expect(judgeOne(LINES_80, { head }).sentence).toBe(
      'coverage.line has no value: lcov.info:7 of test: it ends inside of a record',
    );
  });

  it('is inconclusive without a test, and with NaN and 0/0', () => {
    const none = aCondition({ atMost: 0 }, 'tests.failed');
    expect(judgeOne(none, { head: evidence([tests([])]) }).checks[0]!.reason).toBe('empty');
    const share = aCondition({ atMost: 100 }, "percent(metric('a'), metric('b'))");
    expect(judgeOne(share, { head: evidence([numbers({ a: 0, b: 0 })]) }).verdict).toBe('inconclusive');
    const nan = aCondition({ atMost: 100 }, "metric('a')");
    expect(judgeOne(nan, { head: evidence([numbers({ a: Number.NaN })]) }).verdict).toBe('inconclusive');
  });

  it('cannot be talked away by the expression', () => {
    const condition = aCondition({ atLeast: 80 }, 'coverage.line || 100');
    expect(judgeOne(condition, {}).verdict).toBe('inconclusive');
  });

  it('fails where what is readable breaks the limit already', () => {
    const head = evidence([findings([aFinding({ severity: 'critical' })])], {
      broken: [broken({ kind: 'sarif', file: 'b.sarif' })],
    });
    const result = judgeOne(aCondition({ preset: 'sast' }), { head });
    expect(result).toMatchObject({ verdict: 'fail', effect: 'blocks' });
    expect(result.sentence).toContain('findings.sast.critical is 1 or more');
  });

  it('passes on only where `missing` says so, and never to production', () => {
    const condition = { ...LINES_80, missing: 'warn' as const };
    expect(judgeOne(condition, {})).toMatchObject({ verdict: 'inconclusive', effect: 'warns' });
    expect(judgeOne({ ...condition, missing: 'skip' }, {})).toMatchObject({
      verdict: 'inconclusive',
      effect: 'none',
    });
    const toProduction = { context: { leadsToProduction: true } };
    expect(judgeOne(condition, {}, toProduction)).toMatchObject({
      verdict: 'inconclusive',
      effect: 'blocks',
    });
    expect(judgeOne(condition, {}, { ...toProduction, waivers: [aWaiver({})] }).verdict).toBe('waived');
  });

  it('does not apply when the change does not concern the only job that makes it', () => {
    const job = { id: 'web', outcome: 'skipped' as const, kinds: ['lcov' as const] };
    const head = evidence([], { jobs: [{ ...job, notApplicable: 'it changes nothing in web/**' }] });
    expect(judgeOne(LINES_80, { head })).toMatchObject({ verdict: 'not-applicable', effect: 'none' });
    const skipped = evidence([], { jobs: [{ ...job, notApplicable: null }] });
    expect(judgeOne(LINES_80, { head: skipped }).verdict).toBe('inconclusive');
  });

  it('cannot be made by a report where Sluice measures itself', () => {
    const head = evidence([numbers({ 'audit.missing': 0 })]);
    expect(judgeOne(aCondition({ preset: 'audit-log' }), { head }).verdict).toBe('inconclusive');
  });
});

describe('scope: new', () => {
  const diff = (path: string, before: string, hunks: string) =>
    `diff --git a/${before} b/${path}\n${before === path ? '' : `similarity index 90%\nrename from ${before}\nrename to ${path}\n`}--- a/${before}\n+++ b/${path}\n${hunks}`;
  const change = parseDiff(diff('src/a.ts', 'src/a.ts', '@@ -2,0 +3,2 @@\n+new\n+new\n'));
  const condition = aCondition({ atLeast: 50, scope: 'new' }, 'coverage.line');

  it('is covered and changed by coverable and changed', () => {
    const head = evidence([aCoverage({ 'src/a.ts': [0, 0, 1, 0, 0], 'src/b.ts': [0, 0, 0, 0] })]);
    const result = judgeOne(condition, { head }, { scope: { change } });
    expect(result.checks[0]).toMatchObject({ actual: 50, sample: 2, scope: 'new', verdict: 'pass' });
  });

  it('does not apply when no changed line can be run, and needs the merge base', () => {
    const head = evidence([aCoverage({ 'src/a.ts': [1, 1, null, null, 1] })]);
    expect(judgeOne(condition, { head }, { scope: { change } }).verdict).toBe('not-applicable');
    expect(judgeOne(condition, { head }).verdict).toBe('inconclusive');
  });

  it('decides nothing below the smallest sample', () => {
    const head = evidence([aCoverage({ 'src/a.ts': [0, 0, 0, 0, 0] })]);
    expect(judgeOne({ ...condition, minSample: 10 }, { head }, { scope: { change } }).verdict).toBe(
      'not-applicable',
    );
    expect(judgeOne({ ...condition, minSample: 10, scope: 'all' }, { head }).verdict).toBe('inconclusive');
  });

  it('finds the file by an absolute path, and is inconclusive when it finds none of them', () => {
    const absolute = evidence([aCoverage({ '/builds/1/src/a.ts': [0, 0, 1, 1] })]);
    expect(judgeOne(condition, { head: absolute }, { scope: { change } }).checks[0]!.actual).toBe(100);
    const other = evidence([aCoverage({ 'lib/x.ts': [1] })]);
    expect(judgeOne(condition, { head: other }, { scope: { change } }).verdict).toBe('inconclusive');
  });

  it('counts only findings that the target branch does not have, across moves and renames', () => {
    const renamed = parseDiff(diff('src/b.ts', 'src/a.ts', '@@ -1,0 +1,1 @@\n+x\n'));
    const old = aFinding({ place: { path: 'src/a.ts', line: 1, column: 1 } });
    const moved = aFinding({ place: { path: 'src/b.ts', line: 9, column: 1 } });
    const sast = aCondition({ preset: 'sast', scope: 'new' });
    const base = baseEvidence([findings([old])]);
    const scope = { scope: { change: renamed } };
    expect(judgeOne(sast, { head: evidence([findings([moved])]), base }, scope).verdict).toBe('pass');
    expect(judgeOne(sast, { head: evidence([findings([moved, moved])]), base }, scope).verdict).toBe('fail');
  });

  it('without facts of the target branch counts all but what stands on lines that stayed', () => {
    const sast = aCondition({ preset: 'sast', scope: 'new' });
    const at = (line: number | null) =>
      evidence([findings([aFinding({ place: { path: '/work/src/a.ts', line, column: 1 } })])]);
    expect(judgeOne(sast, { head: at(3) }, { scope: { change } }).verdict).toBe('fail');
    expect(judgeOne(sast, { head: at(1) }, { scope: { change } }).verdict).toBe('pass');
    expect(judgeOne(sast, { head: at(null) }, { scope: { change } }).verdict).toBe('fail');
    expect(judgeOne(sast, { head: at(1) }).verdict).toBe('fail');
  });
});

describe('not_below', () => {
  const ratchet = (more = {}) =>
    aCondition(
      { notBelow: { reference: 'target', tolerance: 0, adjust: 'removed', ...more } },
      'coverage.line',
    );
  // 10 lines of which 9 were run; the change removes 3 that were and adds one that is: 87.5 % against 6/7.
  const base = baseEvidence([aCoverage({ 'src/a.ts': [1, 1, 1, 1, 1, 1, 1, 1, 1, 0] })]);
  const head = evidence([aCoverage({ 'src/a.ts': [1, 1, 1, 1, 1, 1, 1, 0] })]);
  const change = parseDiff(
    'diff --git a/src/a.ts b/src/a.ts\n--- a/src/a.ts\n+++ b/src/a.ts\n@@ -1,3 +1 @@\n-a\n-b\n-c\n+d\n',
  );

  it('compares without the lines that the change removes', () => {
    const result = judgeOne(ratchet(), { head, base }, { scope: { change } });
    expect(result.checks[0]).toMatchObject({ verdict: 'pass', actual: 87.5 });
    expect(result.checks[0]!.limit).toBeCloseTo(85.714286, 5);
  });

  it('compares with everything when it is told so', () => {
    const result = judgeOne(ratchet({ adjust: 'none' }), { head, base }, { scope: { change } });
    expect(result.checks[0]).toMatchObject({ verdict: 'fail', limit: 90 });
    expect(judgeOne(ratchet({ adjust: 'none', tolerance: 2.5 }), { head, base }).verdict).toBe('pass');
  });

  it('is inconclusive without facts of the target branch', () => {
    expect(judgeOne(ratchet(), { head }).checks[0]).toMatchObject({
      verdict: 'inconclusive',
      reason: 'no-base',
    });
  });

  it('lets what is better lower not rise', () => {
    const condition = { ...ratchet(), metric: { source: 'tests.skipped', place: LINES_80.place } };
    const skipped = (count: number) =>
      tests(
        Array.from({ length: 5 }, (_, i) => aTest(`t${i}`, { status: i < count ? 'skipped' : 'passed' })),
      );
    const before = baseEvidence([skipped(2)]);
    expect(judgeOne(condition, { head: evidence([skipped(3)]), base: before }).verdict).toBe('fail');
    expect(judgeOne(condition, { head: evidence([skipped(1)]), base: before }).verdict).toBe('pass');
  });
});

describe('benchmarks', () => {
  const bench = (samples: readonly number[]) =>
    aReport({ kind: 'hyperfine', benchmarks: [aBenchmark('parse', samples)] });
  const condition = aCondition({ preset: 'benchmark' });
  const quiet = [100, 101, 99, 100.5, 99.5, 100.2, 99.8, 100.1];

  it('fail on a slow-down that two samples prove', () => {
    const slow = quiet.map((value) => value * 1.1);
    const result = judgeOne(condition, { head: evidence([bench(slow)]), base: baseEvidence([bench(quiet)]) });
    expect(result.verdict).toBe('fail');
    expect(result.checks[0]!.actual).toBeCloseTo(10, 0);
  });

  it('pass where noise explains it', () => {
    const noisy = [80, 140, 95, 150, 70, 120, 100, 130];
    const result = judgeOne(condition, {
      head: evidence([bench(noisy)]),
      base: baseEvidence([bench(noisy.toReversed())]),
    });
    expect(result.verdict).toBe('pass');
  });

  it('go by the plain rule where values are too few', () => {
    const result = judgeOne(condition, {
      head: evidence([bench([106])]),
      base: baseEvidence([bench([100])]),
    });
    expect(result).toMatchObject({ verdict: 'fail' });
  });
});
