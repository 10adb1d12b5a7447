import { digestOf } from '../../src/base/digest.ts';
import type { Evidence, FactsOfChange, ReportEvidence } from '../../src/gate/evidence.ts';
import type { Benchmark, Metric } from '../../src/gate/facts/benchmark.ts';
import { Coverage } from '../../src/gate/facts/coverage.ts';
import type { Facts } from '../../src/gate/facts/facts.ts';
import type { Finding } from '../../src/gate/facts/finding.ts';
import type { TestCase } from '../../src/gate/facts/test-case.ts';
import { type ChangeScope, type GateContext, judge } from '../../src/gate/judge.ts';
import { findingOf } from '../../src/gate/report/finding.ts';
import type { GateCondition, Waiver } from '../../src/pipeline/plan-gate.ts';
import { PLACE } from './plan.ts';

export const NOW = Date.parse('2026-11-21T12:00:00Z');
export const HEAD = 'a'.repeat(40);
export const BASE = 'b'.repeat(40);

/** A condition that says nothing but what is given. */
export function aCondition(condition: Partial<GateCondition>, metric?: string): GateCondition {
  return {
    name: condition.preset ?? 'condition',
    preset: null,
    metric: metric === undefined ? null : { source: metric, place: PLACE },
    atLeast: null,
    atMost: null,
    notBelow: null,
    severities: {},
    scope: null,
    minSample: null,
    mode: null,
    missing: null,
    exceptions: [],
    place: PLACE,
    ...condition,
  };
}

export function aReport(facts: Partial<Facts>, report: Partial<ReportEvidence> = {}): ReportEvidence {
  return {
    job: 'test',
    commit: HEAD,
    writtenAtMs: NOW,
    ...report,
    facts: {
      kind: 'metrics',
      file: 'report',
      digest: digestOf(JSON.stringify(facts)),
      bytes: 1,
      tools: [],
      tests: [],
      findings: [],
      benchmarks: [],
      metrics: [],
      components: [],
      mutants: [],
      coverage: null,
      doubts: [],
      ...facts,
    },
  };
}

/** Coverage of files by the hits of their lines from 1; null is a line that cannot be run. */
export function aCoverage(files: Readonly<Record<string, readonly (number | null)[]>>): ReportEvidence {
  const coverage = new Coverage();
  for (const [path, lines] of Object.entries(files)) {
    const file = coverage.file(path);
    lines.forEach((hits, index) => {
      if (hits !== null) file.lines.add(index + 1, hits);
    });
  }
  return aReport({ kind: 'lcov', file: 'lcov.info', coverage });
}

export function aFinding(finding: Partial<Finding> = {}): Finding {
  return findingOf({
    category: 'code',
    tool: 'ESLint',
    rule: 'no-eval',
    severity: 'high',
    level: 'error',
    message: 'eval can be harmful',
    place: { path: 'src/a.ts', line: 1, column: 1 },
    ...finding,
  });
}

export function findings(
  all: readonly Finding[],
  kind = 'sarif',
  report: Partial<ReportEvidence> = {},
): ReportEvidence {
  return aReport({ kind, file: `${kind}.json`, findings: all }, report);
}

export function aTest(id: string, test: Partial<TestCase> = {}): TestCase {
  return {
    id,
    suite: 's',
    name: id,
    status: 'passed',
    durationMs: 1,
    attempts: 1,
    isFlaky: false,
    message: null,
    file: null,
    line: null,
    ...test,
  };
}

export function tests(all: readonly TestCase[], report: Partial<ReportEvidence> = {}): ReportEvidence {
  return aReport({ kind: 'junit', file: 'junit.xml', tests: all }, report);
}

export function numbers(metrics: Readonly<Record<string, number>>): ReportEvidence {
  const all: Metric[] = Object.entries(metrics).map(([name, value]) => ({ name, value, unit: '' }));
  return aReport({ kind: 'metrics', file: 'metrics.json', metrics: all });
}

export function aBenchmark(name: string, samples: readonly number[]): Benchmark {
  const mean = samples.reduce((sum, value) => sum + value, 0) / samples.length;
  return {
    name,
    unit: 'ms',
    better: 'lower',
    samples,
    mean,
    standardDeviation: null,
    sampleCount: samples.length,
  };
}

export function evidence(reports: readonly ReportEvidence[], more: Partial<Evidence> = {}): Evidence {
  return { commit: HEAD, beganAtMs: NOW - 60_000, reports, broken: [], jobs: [], figures: {}, ...more };
}

/** Evidence of the target branch. */
export function baseEvidence(reports: readonly ReportEvidence[]): Evidence {
  return evidence(
    reports.map((report) => ({ ...report, commit: BASE })),
    { commit: BASE },
  );
}

export const SCOPE: ChangeScope = {
  base: BASE,
  head: HEAD,
  baseBehind: 0,
  change: null,
  labels: [],
  authors: ['alice'],
};

export const CONTEXT: GateContext = {
  gate: 'merge',
  leadsToProduction: false,
  artifactDigest: null,
  waiverHistory: {},
};

/** A verdict on one condition, with everything else as usual. */
export function judgeOne(
  condition: GateCondition,
  facts: Partial<FactsOfChange>,
  more: {
    readonly scope?: Partial<ChangeScope>;
    readonly waivers?: readonly Waiver[];
    readonly context?: Partial<GateContext>;
    readonly nowMs?: number;
  } = {},
) {
  const result = judge(
    [condition],
    { head: evidence([]), base: null, ...facts },
    { ...SCOPE, ...more.scope },
    more.waivers ?? [],
    { ...CONTEXT, ...more.context },
    more.nowMs ?? NOW,
  );
  return { ...result.conditions[0]!, gate: result };
}

export function aWaiver(waiver: Partial<Waiver>): Waiver {
  return {
    condition: 'condition',
    match: {},
    owner: 'team/security',
    reason: 'there is no fix yet',
    ticket: 'SEC-9',
    approver: 'bob',
    expires: '2026-12-05T00:00:00.000Z',
    emergency: false,
    place: PLACE,
    ...waiver,
  };
}
