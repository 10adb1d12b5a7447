import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  aCondition,
  aCoverage,
  aFinding,
  aTest,
  aWaiver,
  BASE,
  baseEvidence,
  CONTEXT,
  evidence,
  findings,
  HEAD,
  NOW,
  SCOPE,
  tests,
} from '../../test/support/evidence.ts';
import { GATE_PRESETS, type GateCondition } from '../pipeline/plan-gate.ts';
import { parseDiff } from './change/parse-diff.ts';
import type { ReportEvidence } from './evidence.ts';
import { SEVERITIES } from './facts/finding.ts';
import { judge } from './judge.ts';
import type { GateResult } from './result.ts';

const CHANGE = parseDiff(
  'diff --git a/src/0.ts b/src/0.ts\n--- a/src/0.ts\n+++ b/src/0.ts\n@@ -1,2 +1,4 @@\n-a\n-b\n+c\n+d\n+e\n+f\n',
);

const anyFinding = fc
  .record({
    severity: fc.constantFrom(...SEVERITIES),
    rule: fc.constantFrom('r1', 'r2'),
    category: fc.constantFrom('code', 'dependency', 'secret'),
    path: fc.integer({ min: 0, max: 2 }),
    line: fc.option(fc.integer({ min: 1, max: 6 }), { nil: null }),
    message: fc.constantFrom('one', 'two'),
    suppressed: fc.constantFrom(null, null, 'inSource'),
  })
  .map(({ path, line, ...rest }) =>
    aFinding({ ...(rest as object), place: { path: `src/${path}.ts`, line, column: null } }),
  );
const anyTest = fc
  .record({
    id: fc.constantFrom('a', 'b', 'c', 'd'),
    status: fc.constantFrom('passed', 'failed', 'errored', 'skipped'),
    isFlaky: fc.boolean(),
  })
  .map(({ id, ...rest }) => aTest(id, rest as object));
const anyCoverage = fc
  .array(fc.array(fc.constantFrom(null, 0, 1, 5), { maxLength: 6 }), { maxLength: 3 })
  .map((files) => aCoverage(Object.fromEntries(files.map((lines, index) => [`src/${index}.ts`, lines]))));
const anyReports: fc.Arbitrary<ReportEvidence[]> = fc
  .record({
    sarif: fc.array(fc.array(anyFinding, { maxLength: 5 }), { maxLength: 2 }),
    audit: fc.array(fc.array(anyFinding, { maxLength: 3 }), { maxLength: 1 }),
    secrets: fc.array(fc.constant([]), { maxLength: 1 }),
    junit: fc.array(fc.array(anyTest, { maxLength: 6 }), { maxLength: 2 }),
    lcov: fc.array(anyCoverage, { maxLength: 2 }),
  })
  .map(({ sarif, audit, secrets, junit, lcov }) => [
    ...sarif.map((all) => findings(all)),
    ...audit.map((all) => findings(all, 'npm-audit')),
    ...secrets.map((all) => findings(all, 'gitleaks')),
    ...junit.map((all) => tests(all)),
    ...lcov,
  ]);

const METRICS: readonly GateCondition[] = [
  ...GATE_PRESETS.map((preset) => aCondition({ preset })),
  ...(['all', 'new'] as const).flatMap((scope) => [
    aCondition({ name: `lines ${scope}`, atLeast: 50, scope }, 'coverage.line'),
    aCondition(
      { name: `sast ${scope}`, severities: { critical: 0, high: 1, medium: 2 }, scope },
      'findings.sast',
    ),
    aCondition({ name: `total ${scope}`, atMost: 2, scope }, 'findings.total'),
    aCondition({ name: `score ${scope}`, atLeast: 90, scope }, 'security.score'),
  ]),
  aCondition({ name: 'failed', atMost: 1 }, 'tests.failed'),
  aCondition({ name: 'removed', atMost: 0 }, 'tests.removed'),
  aCondition(
    { name: 'ratchet', notBelow: { reference: 'target', tolerance: 1, adjust: 'removed' } },
    'coverage.line',
  ),
];

function judgeAll(
  head: readonly ReportEvidence[],
  base: readonly ReportEvidence[] | null,
  more: Partial<Parameters<typeof judge>[4]> & { waivers?: Parameters<typeof judge>[3] } = {},
): GateResult {
  const { waivers = [], ...context } = more;
  return judge(
    METRICS,
    { head: evidence(head), base: base && baseEvidence(base) },
    { ...SCOPE, change: CHANGE },
    waivers,
    { ...CONTEXT, ...context },
    NOW,
  );
}

const GOOD: readonly string[] = ['pass', 'waived', 'not-applicable'];
const verdicts = (result: GateResult) => result.conditions.map(({ name, verdict }) => [name, verdict]);

/** Each case judges some forty conditions. */
const RUNS = { numRuns: 30 };

describe('judge, for any facts', () => {
  const anyBase = fc.option(anyReports, { nil: null });

  it('does not pass because of one more finding', () => {
    fc.assert(
      fc.property(anyReports, anyBase, anyFinding, (head, base, added) => {
        const before = judgeAll([...head, findings([])], base);
        const after = judgeAll([...head, findings([{ ...added, suppressed: null }])], base);
        after.conditions.forEach((condition, index) => {
          if (['fail', 'warn'].includes(before.conditions[index]!.verdict)) {
            expect([condition.name, condition.verdict]).not.toEqual([condition.name, 'pass']);
          }
        });
      }),
      RUNS,
    );
  });

  it('does not pass because of one more failed test', () => {
    fc.assert(
      fc.property(anyReports, fc.array(anyTest), (head, all) => {
        const failed = aTest('one more', { status: 'failed' });
        const before = judgeAll([...head, tests([aTest('x'), ...all])], null);
        const after = judgeAll([...head, tests([aTest('x'), ...all, failed])], null);
        const of = (result: GateResult) => result.conditions.find(({ name }) => name === 'failed')!.verdict;
        if (of(before) === 'fail') expect(of(after)).toBe('fail');
      }),
      RUNS,
    );
  });

  it('never takes what is missing, stale or broken for good', () => {
    const spoil = fc.constantFrom('stale', 'old', 'broken');
    fc.assert(
      fc.property(anyReports, anyBase, spoil, (head, base, how) => {
        const result =
          how === 'broken'
            ? judge(
                METRICS,
                {
                  head: evidence([], {
                    broken: head.map(({ job, facts }) => ({
                      job,
                      file: facts.file,
                      kind: null,
                      code: 'report-malformed',
                      message: 'broken',
                      line: null,
                    })),
                  }),
                  base: base && baseEvidence(base),
                },
                { ...SCOPE, change: CHANGE },
                [],
                CONTEXT,
                NOW,
              )
            : judgeAll(
                head.map((one) =>
                  how === 'stale' ? { ...one, commit: BASE } : { ...one, writtenAtMs: NOW - 3_600_000 },
                ),
                base,
              );
        for (const { name, verdict } of result.conditions)
          expect([name, verdict]).toEqual([name, 'inconclusive']);
      }),
      RUNS,
    );
  });

  it('does not depend on the order of anything', () => {
    fc.assert(
      fc.property(anyReports, anyBase, (head, base) => {
        const turned = (reports: readonly ReportEvidence[]) =>
          reports.toReversed().map((one) => ({
            ...one,
            facts: {
              ...one.facts,
              findings: one.facts.findings.toReversed(),
              tests: one.facts.tests.toReversed(),
            },
          }));
        const result = judgeAll(head, base);
        expect(judgeAll(turned(head), base && turned(base))).toEqual(result);
      }),
      RUNS,
    );
  });

  it('lets waivers change only the conditions that they name, and only from bad to waived', () => {
    const anyWaiver = fc
      .record({
        condition: fc.constantFrom(...METRICS.map(({ name }) => name)),
        match: fc.constantFrom<object>({}, { rule: 'r1' }, { path: 'src/0.ts' }, { test: 'a' }),
      })
      .map((waiver) => aWaiver(waiver));
    fc.assert(
      fc.property(anyReports, anyBase, anyWaiver, (head, base, waiver) => {
        const before = judgeAll(head, base);
        const after = judgeAll(head, base, { waivers: [waiver] });
        after.conditions.forEach((condition, index) => {
          const old = before.conditions[index]!;
          if (condition.name !== waiver.condition) expect(condition).toEqual(old);
          else if (condition.verdict !== old.verdict) {
            expect(condition.verdict).toBe('waived');
            expect(GOOD).not.toContain(old.verdict);
          }
        });
      }),
      RUNS,
    );
  });

  it('blocks exactly when a condition blocks, and is bound to the head', () => {
    fc.assert(
      fc.property(anyReports, anyBase, (head, base) => {
        const result = judgeAll(head, base);
        expect(result.effect === 'blocks').toBe(result.conditions.some(({ effect }) => effect === 'blocks'));
        if (result.effect === 'blocks') expect(GOOD).not.toContain(result.verdict);
        expect(result.scope.head).toBe(HEAD);
        expect(verdicts(judgeAll(head, base))).toEqual(verdicts(result));
      }),
      RUNS,
    );
  });
});
