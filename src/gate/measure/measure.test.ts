import { describe, expect, it } from 'vitest';
import {
  aCondition,
  aFinding,
  aReport,
  aTest,
  baseEvidence,
  evidence,
  findings,
  judgeOne,
  numbers,
  tests,
} from '../../../test/support/evidence.ts';
import type { Evidence } from '../evidence.ts';
import { checkMetric } from './expression.ts';
import { isRestricted } from './licence.ts';
import { METRICS } from './metric.ts';

function figureOf(metric: string, head: Evidence, base: Evidence | null = null): number | string {
  const [check] = judgeOne(aCondition({ atLeast: 0 }, metric), { head, base }).checks;
  return check!.actual ?? check!.reason!;
}

describe('mutation.score', () => {
  const score = (killed: number, timeout: number, survived: number, noCoverage: number, ignored = 0) => {
    const of = (status: string, count: number) =>
      Array.from({ length: count }, (_, line) => ({ path: 'a.ts', line, mutator: 'm', status }));
    const mutants = [
      ...of('Killed', killed),
      ...of('Timeout', timeout),
      ...of('Survived', survived),
      ...of('NoCoverage', noCoverage),
      ...of('Ignored', ignored),
      ...of('CompileError', ignored),
    ];
    return figureOf('mutation.score', evidence([aReport({ kind: 'stryker', mutants })]));
  };

  it('gives the published values', () => {
    expect(score(3, 0, 11, 0)).toBeCloseTo(21.4286, 4);
    expect(score(1, 1, 2, 2, 7)).toBeCloseTo(33.3333, 4);
    expect(score(50, 4, 20, 3)).toBeCloseTo(70.1299, 4);
    expect(score(16, 0, 5, 4)).toBe(64);
    expect(score(0, 0, 0, 0, 5)).toBe('empty');
  });
});

describe('tests', () => {
  it('that failed and then passed are flaky, in one report and over several', () => {
    const head = evidence([
      tests([aTest('a', { isFlaky: true, attempts: 2 }), aTest('b', { status: 'failed' }), aTest('c')]),
      tests([aTest('b'), aTest('d', { status: 'skipped' })]),
    ]);
    expect(figureOf('tests.flaky_passes', head)).toBe(2);
    expect(figureOf('tests.flaky_rate', head)).toBeCloseTo(66.6667, 3);
    expect(figureOf('tests.pass_rate', head)).toBe(75);
    expect(figureOf('tests.passed_share', head)).toBe(60);
  });

  it('that vanish or are skipped now are counted against the target branch', () => {
    const base = baseEvidence([tests([aTest('a'), aTest('b'), aTest('c', { status: 'skipped' })])]);
    const head = evidence([tests([aTest('b', { status: 'skipped' }), aTest('c', { status: 'skipped' })])]);
    expect(figureOf('tests.removed', head, base)).toBe(1);
    expect(figureOf('tests.newly_skipped', head, base)).toBe(1);
    expect(figureOf('tests.removed', head)).toBe('no-base');
  });
});

describe('security.score', () => {
  const clean = [findings([]), findings([], 'npm-audit'), findings([], 'gitleaks')];

  it('follows its formula', () => {
    expect(figureOf('security.score', evidence(clean))).toBe(100);
    const some = findings([
      aFinding({ severity: 'high' }),
      aFinding({ severity: 'medium' }),
      aFinding({ severity: 'low' }),
      aFinding({ category: 'licence', severity: 'critical' }),
    ]);
    expect(figureOf('security.score', evidence([...clean, some]))).toBe(87.5);
    const secret = findings([aFinding({ category: 'secret', severity: 'low' })], 'gitleaks');
    expect(figureOf('security.score', evidence([...clean, secret]))).toBe(75);
    const many = findings(Array.from({ length: 9 }, () => aFinding({ severity: 'critical' })));
    expect(figureOf('security.score', evidence([...clean, many]))).toBe(0);
  });

  it('has no value while code, dependencies or secrets were not scanned', () => {
    for (const left of clean) {
      expect(figureOf('security.score', evidence(clean.filter((one) => one !== left)))).toBe('missing');
    }
  });
});

describe('complexity and length of functions', () => {
  it('are what a linter tells, and unknown when it tells nothing', () => {
    const told = (rule: string, message: string) => evidence([findings([aFinding({ rule, message })])]);
    expect(
      figureOf(
        'complexity.max',
        told('complexity', "Function 'x' has a complexity of 12. Maximum allowed is 10."),
      ),
    ).toBe(12);
    expect(figureOf('complexity.max', told('C901', '`f` is too complex (14 > 10)'))).toBe(14);
    expect(
      figureOf(
        'function.lines_max',
        told('max-lines-per-function', "Function 'x' has too many lines (61). Maximum allowed is 50."),
      ),
    ).toBe(61);
    expect(figureOf('complexity.max', evidence([findings([aFinding()])]))).toBe('missing');
    expect(figureOf('complexity.max', evidence([numbers({ 'complexity.max': 8 })]))).toBe(8);
  });
});

describe('isRestricted', () => {
  it.each([
    ['MIT', false],
    ['AGPL-3.0-only', true],
    ['GPL-2.0-only WITH Classpath-exception-2.0', false],
    ['MIT OR GPL-3.0-only', false],
    ['MIT AND GPL-3.0-only', true],
    ['LGPL-3.0-only', false],
    ['GNU General Public License v3', true],
    ['GNU Lesser General Public License', false],
    ['Apache License 2.0', false],
    ['BUSL-1.1', true],
  ])('%s: %s', (licence, expected) => expect(isRestricted(licence)).toBe(expected));
});

describe('checkMetric', () => {
  it('knows every metric of the table', () => {
    expect(METRICS.map(({ name }) => checkMetric(name)).filter((problem) => problem !== null)).toEqual([]);
  });

  it.each([
    ['coverage.lin', "unknown metric 'coverage.lin', did you mean 'coverage.line'?"],
    ['findings.sast', "'findings.sast' is a group; it has total, critical, high, medium, low, info"],
    ["suite('unit')", 'suite() must be followed by a metric, such as .coverage.line'],
    ["suite('units').tests.total", "there is no suite 'units'; there are unit, integration, e2e, smoke"],
    ['hashFiles(1)', "unknown function 'hashFiles'"],
    ['coverage.line + 1', "unexpected '+': expressions do not calculate"],
    ['constructor', "unknown metric 'constructor'"],
  ])('says what is wrong with %s', (source, message) => {
    expect(checkMetric(source)?.message).toContain(message);
  });

  it('lets functions narrow and join', () => {
    const head = evidence([
      findings([aFinding({ place: { path: 'src/a.ts', line: 1, column: 1 } })]),
      { ...findings([aFinding({ place: { path: 'gen/b.ts', line: 1, column: 1 } })]), job: 'lint-gen' },
    ]);
    expect(figureOf("files('src/**').findings.sast.high", head)).toBe(1);
    expect(figureOf("of('lint-*').findings.sast.total", head)).toBe(1);
    expect(figureOf('sum(findings.critical, findings.high)', head)).toBe(2);
    expect(figureOf("max(metric('a'), metric('b'))", evidence([numbers({ a: 1, b: 3 })]))).toBe(3);
    expect(figureOf("percent(metric('a'), metric('b'))", evidence([numbers({ a: 1, b: 4 })]))).toBe(25);
  });
});
