import type { Place } from '../base/diagnostic.ts';

/** Every kind of report by name, as in `reports`, `sluice facts --kind` and the names of facts. */
export const REPORT_KINDS = [
  'junit',
  'lcov',
  'cobertura',
  'jacoco',
  'istanbul',
  'sarif',
  'npm-audit',
  'trivy',
  'gitleaks',
  'cyclonedx',
  'stryker',
  'k6',
  'metrics',
  'clover',
  'go-cover',
  'pip-audit',
  'govulncheck',
  'dependency-check',
  'bundler-audit',
  'dotnet-vulnerable',
  'grype',
  'snyk',
  'osv-scanner',
  'trufflehog',
  'secretlint',
  'zap',
  'spdx',
  'pit',
  'eslint',
  'checkstyle',
  'criterion',
  'hyperfine',
  'go-bench',
  'pytest-benchmark',
  'vitest-bench',
  'gatling',
  'jmeter',
] as const;
export type ReportKind = (typeof REPORT_KINDS)[number];

/** Files of test runners and scanners that are read after the steps of a job, whatever became of them. */
export interface PlanReport {
  /** null: told by the file's name and content. */
  readonly kind: ReportKind | null;
  /** Globs relative to the workspace; `!` before one leaves out. Templates. */
  readonly paths: readonly string[];
  readonly place: Place;
}
