/*
 * node bench/gate.ts: judging a gate of ten conditions on 100,000 findings (as many on the target branch) and a change of 10,000
 * lines in 1,000 files with coverage, beside the least that any such judging must do: one map of the findings of the target branch
 * by their identity, and one look into it for each finding of the change. In turns and in one process, in CPU time. Goal:
 * under 100 ms.
 */
import { parseDiff } from '../src/gate/change/parse-diff.ts';
import type { FactsOfChange, ReportEvidence } from '../src/gate/evidence.ts';
import type { Finding } from '../src/gate/facts/finding.ts';
import { judge } from '../src/gate/judge.ts';
import {
  aCondition,
  aCoverage,
  aFinding,
  BASE,
  CONTEXT,
  evidence,
  findings,
  HEAD,
  NOW,
  SCOPE,
} from '../test/support/evidence.ts';
import { line, median } from './support/measure.ts';

const FINDINGS = 100_000;
const FILES = 1000;
const LINES = 10;
const ROUNDS = 15;
const GOAL_MS = 100;

const SEVERITIES = ['critical', 'high', 'medium', 'low'] as const;

function manyFindings(from: number): Finding[] {
  return Array.from({ length: FINDINGS }, (_, index) =>
    aFinding({
      rule: `rule-${index % 50}`,
      severity: SEVERITIES[index % 4],
      message: `something is wrong with the thing ${'abcdefghij'[index % 10]}${(from + index).toString(36)}`,
      place: { path: `src/file-${index % FILES}.ts`, line: 1 + (index % 400), column: 1 },
    }),
  );
}

const diff = Array.from({ length: FILES }, (_, file) => {
  const path = `src/file-${file}.ts`;
  return `diff --git a/${path} b/${path}\n--- a/${path}\n+++ b/${path}\n@@ -5,0 +6,${LINES} @@\n${'+x\n'.repeat(LINES)}`;
}).join('');
const coverage = aCoverage(
  Object.fromEntries(
    Array.from({ length: FILES }, (_, file) => [
      `src/file-${file}.ts`,
      Array.from({ length: 100 }, (_, at) => (at % 5 === 0 ? 0 : 1)),
    ]),
  ),
);
const now = manyFindings(0);
const before = manyFindings(100);
const reports = { now: findings(now), before: findings(before) };
const ratchet = { reference: 'target', tolerance: 0, adjust: 'removed' } as const;
const conditions = [
  aCondition({ name: 'all', severities: { critical: 0, high: 0, medium: 3 } }, 'findings.sast'),
  aCondition({ name: 'new', severities: { critical: 0, high: 0, medium: 3 }, scope: 'new' }, 'findings.sast'),
  aCondition({ name: 'line', atLeast: 80 }, 'coverage.line'),
  aCondition({ name: 'patch', atLeast: 80, scope: 'new' }, 'coverage.line'),
  aCondition({ name: 'ratchet', notBelow: ratchet }, 'coverage.line'),
  aCondition({ name: 'fewer', notBelow: ratchet }, 'findings.sast.total'),
  aCondition({ name: 'high', atMost: 0, scope: 'new' }, 'findings.sast.high'),
  aCondition({ name: 'attacks', atMost: 1000 }, 'findings.vulnerabilities.critical'),
  aCondition({ name: 'measured', atMost: 0 }, 'coverage.unmeasured'),
  aCondition({ name: 'sum', atMost: 0 }, 'findings.sast.critical + findings.sast.high'),
];

const judging: number[] = [];
const floor: number[] = [];
let parsing = 0;
for (let round = 0; round <= ROUNDS; round++) {
  parsing = cpuMs(() => parseDiff(diff));
  const change = parseDiff(diff);
  const facts = factsAnew();
  const one = cpuMs(() => judge(conditions, facts, { ...SCOPE, change }, [], CONTEXT, NOW));
  const least = cpuMs(bareLook);
  if (round === 0) continue;
  judging.push(one);
  floor.push(least);
}

const [judgeMs, floorMs] = [median(judging), median(floor)];
line(
  'judge 100,000 findings, 10,000 lines',
  judgeMs / floorMs,
  `< ${GOAL_MS}ms`,
  `${judgeMs.toFixed(0)} ms CPU; bare map ${floorMs.toFixed(0)} ms; reading the diff ${parsing.toFixed(0)} ms`,
);

/** Nothing that a judging found out about these facts is known to the next. */
function factsAnew(): FactsOfChange {
  const anew = (report: ReportEvidence, commit: string) => ({
    ...report,
    commit,
    facts: { ...report.facts },
  });
  return {
    head: evidence([anew(reports.now, HEAD), anew(coverage, HEAD)]),
    base: evidence([anew(reports.before, BASE), anew(coverage, BASE)], { commit: BASE }),
  };
}

/** The least: which of these are not on the target branch. */
function bareLook(): number {
  const known = new Set<string>();
  for (const one of before) known.add(`${one.rule}\n${one.place!.path}\n${one.anchor}`);
  let fresh = 0;
  for (const one of now) if (!known.has(`${one.rule}\n${one.place!.path}\n${one.anchor}`)) fresh++;
  return fresh;
}

function cpuMs(work: () => unknown): number {
  const start = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1000;
}
