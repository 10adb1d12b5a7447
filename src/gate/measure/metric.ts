import type { Change } from '../change/change.ts';
import { benchmarksRemoved, provenSlowdown, worstSlowdown } from './benchmark.ts';
import { COMPLEXITY, FUNCTION_LENGTH, highestTold } from './complexity.ts';
import { adjustedBase, coveragePercent, unmeasuredFiles } from './coverage.ts';
import { FINDING_GROUPS, type FindingGroup, findingCount } from './finding.ts';
import { restrictedLicences, unknownLicences } from './licence.ts';
import type { Measurement } from './measurement.ts';
import { mutantsSurvived, mutationScore } from './mutation.ts';
import { jobSuccess, ownFigure, plainNumber } from './number.ts';
import { SECURITY_SCORE_FORMULA, securityScore } from './security-score.ts';
import {
  flakyRate,
  flakyTests,
  passedPercent,
  testsDuration,
  testsFailed,
  testsNewlySkipped,
  testsPassed,
  testsRemoved,
  testsSkipped,
  testsTotal,
} from './test-result.ts';
import type { FactView } from './view.ts';

/** One figure that a gate can judge. The manual's table is made of these. */
export interface MetricDefinition {
  /** As it is written in an expression: `coverage.line`. */
  readonly name: string;
  /** For people, behind the value; empty for a count. */
  readonly unit: string;
  readonly better: 'higher' | 'lower';
  /** What `min_sample` counts; null: nothing. */
  readonly sample: string | null;
  /** Whether `scope: new` means something. */
  readonly isScoped: boolean;
  /** A phrase without a full stop, as it follows the name. */
  readonly doc: string;
  measure(view: FactView, scope: 'all' | 'new'): Measurement;
  /** What `not_below` compares with, where it is not the plain value of the target branch. */
  adjusted?(base: FactView, change: Change): Measurement;
}

type Rest = Omit<MetricDefinition, 'name' | 'doc' | 'measure'>;
const define = (
  name: string,
  doc: string,
  measure: MetricDefinition['measure'],
  rest: Partial<Rest> = {},
): MetricDefinition => ({
  name,
  doc,
  measure,
  unit: '',
  better: 'lower',
  sample: null,
  isScoped: false,
  ...rest,
});

const PERCENT_UP = { unit: '%', better: 'higher' } as const;
const TESTS = { sample: 'tests' } as const;

const COVERAGE: readonly MetricDefinition[] = [
  define(
    'coverage.line',
    'lines that were run, of those that can be',
    (view, scope) => coveragePercent(view, scope, 'lines'),
    {
      ...PERCENT_UP,
      sample: 'lines that can be run',
      isScoped: true,
      adjusted: adjustedBase,
    },
  ),
  define(
    'coverage.branch',
    'branches that were taken',
    (view, scope) => coveragePercent(view, scope, 'branches'),
    {
      ...PERCENT_UP,
      sample: 'branches',
    },
  ),
  define(
    'coverage.function',
    'functions that were called',
    (view, scope) => coveragePercent(view, scope, 'functions'),
    {
      ...PERCENT_UP,
      sample: 'functions',
    },
  ),
  define('coverage.unmeasured', 'changed source files that no coverage report has', (view) =>
    unmeasuredFiles(view),
  ),
];

const SEVERITY_NAMES = ['critical', 'high', 'medium', 'low', 'info'] as const;

const FINDINGS: readonly MetricDefinition[] = Object.entries(FINDING_GROUPS).flatMap(([group, { doc }]) => {
  const prefix = group === 'all' ? 'findings' : `findings.${group}`;
  const rest = { sample: 'reports', isScoped: true } as const;
  const total = define(
    `${prefix}.total`,
    `findings ${doc}, of any severity`,
    (view, scope) => findingCount(view, scope, group as FindingGroup, null),
    rest,
  );
  const bySeverity = SEVERITY_NAMES.map((severity) =>
    define(
      `${prefix}.${severity}`,
      `findings ${doc} that are ${severity}, or whose severity is not told`,
      (view, scope) => findingCount(view, scope, group as FindingGroup, severity),
      rest,
    ),
  );
  return [total, ...bySeverity];
});

const TEST_RESULTS: readonly MetricDefinition[] = [
  define('tests.total', 'tests, with the skipped ones', testsTotal, { ...TESTS, better: 'higher' }),
  define('tests.passed', 'tests that passed', testsPassed, { ...TESTS, better: 'higher' }),
  define('tests.failed', 'tests that failed or broke', testsFailed, TESTS),
  define('tests.skipped', 'tests that were skipped', testsSkipped, TESTS),
  define('tests.pass_rate', 'tests that passed, of those that ran', (view) => passedPercent(view, 'run'), {
    ...PERCENT_UP,
    sample: 'tests that ran',
  }),
  define(
    'tests.passed_share',
    'tests that passed, of all; a skipped one did not pass',
    (view) => passedPercent(view, 'all'),
    {
      ...PERCENT_UP,
      ...TESTS,
    },
  ),
  define('tests.flaky_passes', 'tests that failed and then passed on the same commit', flakyTests, TESTS),
  define('tests.flaky_rate', 'tests that passed only after failing, of those that ran', flakyRate, {
    unit: '%',
    sample: 'tests that ran',
  }),
  define('tests.removed', 'tests that the target branch has and this change does not', testsRemoved, TESTS),
  define(
    'tests.newly_skipped',
    'tests that run on the target branch and are skipped here',
    testsNewlySkipped,
    TESTS,
  ),
  define('tests.duration_ms', 'time of all tests together', testsDuration, { unit: 'ms', sample: 'tests' }),
];

const LOAD_SAMPLES = ['http_reqs.count', 'load.requests'];
const load = (name: string, doc: string, names: readonly string[], unit: string) =>
  define(name, doc, (view) => plainNumber(view, [name, ...names], 'highest', LOAD_SAMPLES), {
    unit,
    sample: 'requests',
  });

const NUMBERS: readonly MetricDefinition[] = [
  load(
    'load.p95_ms',
    '95th percentile of the response times of a load test',
    ['http_req_duration.p(95)'],
    'ms',
  ),
  load(
    'load.p99_ms',
    '99th percentile of the response times of a load test',
    ['http_req_duration.p(99)'],
    'ms',
  ),
  load('load.error_share', 'failed requests of a load test, 0 to 1', ['http_req_failed.rate'], ''),
  define(
    'resources.memory_bytes',
    'the most memory that was in use',
    (view) => plainNumber(view, ['resources.memory_bytes'], 'highest'),
    { unit: 'B' },
  ),
  define('resources.cpus', 'the most processors that were in use', (view) =>
    plainNumber(view, ['resources.cpus'], 'highest'),
  ),
  define('canary.error_rate', 'failed requests of a canary', (view) => ownFigure(view, 'canary.error_rate'), {
    unit: '%',
    sample: 'requests',
  }),
  define(
    'audit.missing',
    'steps of the deployment without a record in the journal',
    (view) => ownFigure(view, 'audit.missing'),
    { sample: 'steps' },
  ),
  define(
    'build.duration_ms',
    'time of the run up to the gate',
    (view) => ownFigure(view, 'build.duration_ms'),
    { unit: 'ms' },
  ),
  define(
    'artifact.bytes',
    'size of the artifacts that the run kept',
    (view) => ownFigure(view, 'artifact.bytes'),
    { unit: 'B', sample: 'artifacts' },
  ),
  define(
    'jobs.success_rate',
    'jobs before the gate that succeeded, of those that this change concerns',
    jobSuccess,
    { ...PERCENT_UP, sample: 'jobs' },
  ),
];

const OTHERS: readonly MetricDefinition[] = [
  define('mutation.score', 'mutants that a test noticed, of those that count', mutationScore, {
    ...PERCENT_UP,
    sample: 'mutants',
    isScoped: true,
  }),
  define('mutation.survived', 'mutants that no test noticed', mutantsSurvived, {
    sample: 'mutants',
    isScoped: true,
  }),
  define(
    'licences.restricted',
    'components under a licence that obliges or forbids, with no other to choose',
    restrictedLicences,
    { sample: 'components' },
  ),
  define('licences.unknown', 'components whose licence is not known', unknownLicences, {
    sample: 'components',
  }),
  define(
    'complexity.max',
    'the highest complexity of a function that a linter tells',
    (view) => highestTold(view, COMPLEXITY),
    { sample: 'functions' },
  ),
  define(
    'function.lines_max',
    'lines of the longest function that a linter tells',
    (view) => highestTold(view, FUNCTION_LENGTH),
    { sample: 'functions' },
  ),
  define('bench.slowdown', 'the largest slow-down of a benchmark against the target branch', worstSlowdown, {
    unit: '%',
    sample: 'benchmarks',
  }),
  define(
    'bench.proven_slowdown',
    'the largest slow-down that two samples prove; where values are too few, the plain one',
    provenSlowdown,
    { unit: '%', sample: 'benchmarks' },
  ),
  define(
    'bench.removed',
    'benchmarks that the target branch has and this change does not',
    benchmarksRemoved,
    { sample: 'benchmarks' },
  ),
  define('security.score', SECURITY_SCORE_FORMULA, securityScore, { better: 'higher', isScoped: true }),
];

/** Every metric, in the order of the manual. */
export const METRICS: readonly MetricDefinition[] = [
  ...COVERAGE,
  ...TEST_RESULTS,
  ...OTHERS,
  ...FINDINGS,
  ...NUMBERS,
];

const BY_NAME = new Map(METRICS.map((metric) => [metric.name, metric]));

export function metricNamed(name: string): MetricDefinition | null {
  return BY_NAME.get(name.toLowerCase()) ?? null;
}

/** Names that stand one level below: of `coverage` these are line, branch ... Empty: there is no such group. */
export function metricsBelow(prefix: string): readonly string[] {
  const start = prefix === '' ? '' : `${prefix.toLowerCase()}.`;
  const below = METRICS.filter(({ name }) => name.startsWith(start)).map(
    ({ name }) => name.slice(start.length).split('.')[0]!,
  );
  return [...new Set(below)];
}
