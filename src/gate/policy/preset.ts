import type { GatePreset, Severity } from '../../pipeline/plan-gate.ts';

/** One thing that a condition demands of one metric. A condition may have several; all must hold. */
export interface Check {
  /** A metric expression; with `severities` a group of findings, such as `findings.sast`. */
  readonly metric: string;
  readonly atLeast: number | null;
  readonly atMost: number | null;
  readonly severities: Readonly<Partial<Record<Severity, number>>>;
  readonly notBelow: { readonly tolerance: number; readonly adjust: 'removed' | 'none' } | null;
}

export interface PresetDefinition {
  /** The main one first: a limit that stands beside the preset replaces that of the first. */
  readonly checks: readonly Check[];
  readonly mode: 'block' | 'warn';
  /** What it is about, for the manual. */
  readonly doc: string;
  /** When a deployment can know it. */
  readonly when: 'before' | 'during' | 'after';
}

const NOTHING: Omit<Check, 'metric'> = { atLeast: null, atMost: null, severities: {}, notBelow: null };
const atLeast = (metric: string, limit: number): Check => ({ ...NOTHING, metric, atLeast: limit });
const atMost = (metric: string, limit: number): Check => ({ ...NOTHING, metric, atMost: limit });
const severities = (metric: string, limits: Check['severities']): Check => ({
  ...NOTHING,
  metric,
  severities: limits,
});

const preset = (
  doc: string,
  checks: readonly Check[],
  more: Partial<PresetDefinition> = {},
): PresetDefinition => ({
  doc,
  checks,
  mode: 'block',
  when: 'before',
  ...more,
});

const MEBIBYTE = 1024 * 1024;

/** The ready conditions. */
export const PRESETS: Readonly<Record<GatePreset, PresetDefinition>> = {
  compilation: preset('every job before it succeeded', [atLeast('jobs.success_rate', 100)]),
  'dependency-audit': preset('no critical finding in dependencies', [
    severities('findings.sca', { critical: 0 }),
  ]),
  'coverage-unit': preset('unit tests run 80 % of the lines and take 75 % of the branches', [
    atLeast("suite('unit').coverage.line", 80),
    atLeast("suite('unit').coverage.branch", 75),
  ]),
  'coverage-integration': preset('integration tests run 70 % of the lines', [
    atLeast("suite('integration').coverage.line", 70),
  ]),
  'coverage-total': preset('all tests run 90 % of the lines, and not less than on the target branch', [
    { ...atLeast('coverage.line', 90), notBelow: { tolerance: 0, adjust: 'removed' } },
  ]),
  mutation: preset('tests notice 75 % of the mutants', [atLeast('mutation.score', 75)], { mode: 'warn' }),
  sast: preset('nothing high or critical in the code', [
    severities('findings.sast', { critical: 0, high: 0 }),
  ]),
  dast: preset('nothing high or critical in the running service', [
    severities('findings.dast', { critical: 0, high: 0 }),
  ]),
  sca: preset('nothing critical in dependencies', [severities('findings.sca', { critical: 0 })]),
  secrets: preset('no secret lies open', [atMost('findings.secrets.total', 0)]),
  container: preset('nothing critical in container images', [
    severities('findings.container', { critical: 0 }),
  ]),
  licenses: preset('no component under a restricted licence', [atMost('licences.restricted', 0)]),
  vulnerabilities: preset('no critical, no high and at most 3 medium vulnerabilities', [
    severities('findings.vulnerabilities', { critical: 0, high: 0, medium: 3 }),
  ]),
  load: preset(
    'under load, 95 % of the answers within 500 ms and 99 % within 1 s',
    [atMost('load.p95_ms', 500), atMost('load.p99_ms', 1000)],
    { mode: 'warn' },
  ),
  resources: preset(
    'at most 512 MiB of memory and half a processor',
    [atMost('resources.memory_bytes', 512 * MEBIBYTE), atMost('resources.cpus', 0.5)],
    { mode: 'warn' },
  ),
  'canary-health': preset('at most 1 % of the requests of a canary fail', [atMost('canary.error_rate', 1)], {
    when: 'during',
  }),
  smoke: preset('every smoke test passes', [atLeast("suite('smoke').tests.passed_share", 100)], {
    when: 'after',
  }),
  'audit-log': preset('every step of the deployment is in the journal', [atMost('audit.missing', 0)], {
    when: 'after',
  }),
  complexity: preset('no function is more complex than 10', [atMost('complexity.max', 10)]),
  'function-length': preset('no function is longer than 50 lines', [atMost('function.lines_max', 50)]),
  benchmark: preset('no benchmark is more than 5 % slower', [atMost('bench.proven_slowdown', 5)]),
  'flaky-rate': preset('at most 2 % of the tests are flaky', [atMost('tests.flaky_rate', 2)]),
  'security-score': preset('a security score of 90', [atLeast('security.score', 90)]),
  'e2e-journeys': preset('every journey runs and passes', [atLeast("suite('e2e').tests.passed_share", 100)]),
  'build-time': preset('the run takes at most 10 minutes', [atMost('build.duration_ms', 600_000)]),
  'artifact-size': preset('the artifacts of the run have at most 250 MiB', [
    atMost('artifact.bytes', 250 * MEBIBYTE),
  ]),
};
