import { counted } from '../../base/text.ts';
import type { TestCase } from '../facts/test-case.ts';
import {
  compareText,
  type EvidenceRow,
  firstRows,
  type Limit,
  type Measured,
  type Measurement,
  measured,
  percentOf,
  unmeasured,
} from './measurement.ts';
import type { FactView } from './view.ts';

const FAILED = (test: TestCase) => test.status === 'failed' || test.status === 'errored';
const SKIPPED = (test: TestCase) => test.status === 'skipped';
const RAN = (test: TestCase) => test.status !== 'skipped';

/** Tests of the reports, and why they cannot be believed. */
function testsOf(view: FactView) {
  const { reports, problem } = view.reportsOf('tests');
  const tests = view.remember('tests', () => view.tests(reports));
  return { tests, problem };
}

/** How many tests satisfy `counts`. No test at all is no result. */
function countTests(view: FactView, counts: (test: TestCase) => boolean, isBad: boolean): Measurement {
  const { tests, problem } = testsOf(view);
  const found = tests.filter(counts);
  if (problem) return isBad && found.length > 0 ? { ...problem, atLeast: found.length } : problem;
  if (tests.length === 0) return unmeasured('empty', 'no test was run');
  return measured(found.length, tests.length, isBad ? about(found) : {});
}

export const testsTotal = (view: FactView): Measurement => countTests(view, () => true, false);
export const testsPassed = (view: FactView): Measurement =>
  countTests(view, (test) => test.status === 'passed', false);
export const testsFailed = (view: FactView): Measurement => countTests(view, FAILED, true);
export const testsSkipped = (view: FactView): Measurement => countTests(view, SKIPPED, true);

/** Tests that failed and then passed on the same commit: in one report, or as cases of the same id. */
export function flakyTests(view: FactView): Measurement {
  const { tests, problem } = testsOf(view);
  const flaky = flakyOf(view, tests);
  if (problem) return flaky.length > 0 ? { ...problem, atLeast: flaky.length } : problem;
  if (tests.length === 0) return unmeasured('empty', 'no test was run');
  return measured(flaky.length, tests.length, about(flaky));
}

/** Percent of the tests that ran which passed only after failing. */
export function flakyRate(view: FactView): Measurement {
  const { tests, problem } = testsOf(view);
  if (problem) return problem;
  const flaky = flakyOf(view, tests);
  return percentOf(
    flaky.length,
    new Set(tests.filter(RAN).map((test) => test.id)).size,
    'test that ran',
    about(flaky),
  );
}

function flakyOf(view: FactView, tests: readonly TestCase[]): TestCase[] {
  return view.remember('flaky', () => {
    const failed = new Set<string>();
    for (const test of tests) if (FAILED(test)) failed.add(test.id);
    return distinct(
      tests.filter((test) => test.isFlaky || (test.status === 'passed' && failed.has(test.id))),
    );
  });
}

/** Percent that passed: of those that ran, or of all, where a skipped one counts as not passed. */
export function passedPercent(view: FactView, of: 'run' | 'all'): Measurement {
  const { tests, problem } = testsOf(view);
  if (problem) return problem;
  const counting = of === 'run' ? tests.filter(RAN) : tests;
  const passed = counting.filter((test) => test.status === 'passed').length;
  const noun = of === 'run' ? 'test that ran' : 'test';
  return percentOf(passed, counting.length, noun, {
    ...about(counting.filter((test) => test.status !== 'passed')),
    wayOut: (limit) => morePassing(counting, passed, limit),
  });
}

function morePassing(tests: readonly TestCase[], passed: number, limit: Limit): string | null {
  if (limit.kind === 'at-most') return null;
  const needed = Math.ceil(Number(((limit.value / 100) * tests.length).toFixed(6))) - passed;
  if (needed <= 0) return null;
  const first = rowsOf(tests.filter((test) => test.status !== 'passed')).shown[0];
  return `${counted(needed, 'more passing test')} would pass${first ? `, beginning with ${first.text}` : ''}`;
}

/** Tests that the target branch has and this change does not. */
export function testsRemoved(view: FactView): Measurement {
  return againstBase(view, (tests, before) => {
    const now = new Set(tests.map((test) => test.id));
    return distinct(before.filter((test) => !now.has(test.id)));
  });
}

/** Tests that run on the target branch and are skipped here. */
export function testsNewlySkipped(view: FactView): Measurement {
  return againstBase(view, (tests, before) => {
    const ran = new Set(before.filter(RAN).map((test) => test.id));
    return distinct(tests.filter((test) => SKIPPED(test) && ran.has(test.id)));
  });
}

function againstBase(
  view: FactView,
  find: (tests: readonly TestCase[], before: readonly TestCase[]) => readonly TestCase[],
): Measurement {
  const { tests, problem } = testsOf(view);
  if (problem) return problem;
  const before = view.base === null ? null : testsOf(view.base);
  if (before === null || before.problem !== null || before.tests.length === 0) {
    return unmeasured(
      'no-base',
      'there are no test results of the target branch',
      'run it on the target branch',
    );
  }
  const found = find(tests, before.tests);
  return measured(found.length, before.tests.length, about(found));
}

/** One test of each id: always the same one, whatever the order. */
function distinct(tests: readonly TestCase[]): TestCase[] {
  const first = new Map<string, TestCase>();
  for (const test of tests) {
    const known = first.get(test.id);
    if (!known || compareTests(test, known) < 0) first.set(test.id, test);
  }
  return [...first.values()];
}

/** How long all tests took together, in milliseconds. */
export function testsDuration(view: FactView): Measurement {
  const { tests, problem } = testsOf(view);
  if (problem) return problem;
  const timed = tests.filter((test) => test.durationMs !== null);
  if (timed.length === 0) return unmeasured('empty', 'no test tells how long it took');
  return measured(
    timed.reduce((sum, test) => sum + test.durationMs!, 0),
    timed.length,
  );
}

function about(tests: readonly TestCase[]): Partial<Measured> {
  return {
    rows: () => rowsOf(tests),
    wayOut: (limit) => {
      const first = rowsOf(tests).shown[0];
      if (limit.kind === 'at-least' || first === undefined || tests.length <= limit.value) return null;
      const more = tests.length - limit.value - 1;
      return `repair ${first.text}${more > 0 ? `, and ${more} more` : ''}`;
    },
  };
}

function rowsOf(tests: readonly TestCase[]) {
  return firstRows(tests, compareTests, rowOf);
}

function compareTests(a: TestCase, b: TestCase): number {
  return (
    compareText(a.file ?? '', b.file ?? '') ||
    compareText(a.id, b.id) ||
    compareText(a.status, b.status) ||
    compareText(a.message ?? '', b.message ?? '')
  );
}

function rowOf({ id, status, message, file, line }: TestCase): EvidenceRow {
  const cause = message === null ? '' : `: ${message.split('\n')[0]!.slice(0, 200)}`;
  return { kind: 'test', text: `${id} (${status}${cause})`, path: file, line, fingerprint: null };
}
