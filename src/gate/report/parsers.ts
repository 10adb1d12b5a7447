import { bundlerAudit } from './bundler-audit.ts';
import { checkstyle } from './checkstyle.ts';
import { clover } from './clover.ts';
import { cobertura } from './cobertura.ts';
import type { ReportParser } from './contract.ts';
import { criterion } from './criterion.ts';
import { cyclonedx } from './cyclonedx.ts';
import { dependencyCheck } from './dependency-check.ts';
import { dotnetVulnerable } from './dotnet-vulnerable.ts';
import { eslint } from './eslint.ts';
import { gatling } from './gatling.ts';
import { gitleaks } from './gitleaks.ts';
import { goBench } from './go-bench.ts';
import { goCover } from './go-cover.ts';
import { govulncheck } from './govulncheck.ts';
import { grype } from './grype.ts';
import { hyperfine } from './hyperfine.ts';
import { istanbul } from './istanbul.ts';
import { istanbulSummary } from './istanbul-summary.ts';
import { jacoco } from './jacoco.ts';
import { jmeter } from './jmeter.ts';
import { junit } from './junit.ts';
import { k6 } from './k6.ts';
import { lcov } from './lcov.ts';
import { metrics } from './metrics.ts';
import { npmAudit } from './npm-audit.ts';
import { osvScanner } from './osv-scanner.ts';
import { pipAudit } from './pip-audit.ts';
import { pit } from './pit.ts';
import { pytestBenchmark } from './pytest-benchmark.ts';
import { sarif } from './sarif.ts';
import { secretlint } from './secretlint.ts';
import { snyk } from './snyk.ts';
import { spdx } from './spdx.ts';
import { stryker } from './stryker.ts';
import { trivy } from './trivy.ts';
import { trufflehog } from './trufflehog.ts';
import { vitestBench } from './vitest-bench.ts';
import { zap } from './zap.ts';

/** Every kind of report, in the order in which they are shown. */
export const PARSERS: readonly ReportParser[] = [
  junit,
  lcov,
  cobertura,
  jacoco,
  istanbulSummary,
  istanbul,
  sarif,
  npmAudit,
  trivy,
  gitleaks,
  cyclonedx,
  stryker,
  k6,
  metrics,
  clover,
  goCover,
  pipAudit,
  govulncheck,
  dependencyCheck,
  bundlerAudit,
  dotnetVulnerable,
  grype,
  snyk,
  osvScanner,
  trufflehog,
  secretlint,
  zap,
  spdx,
  pit,
  eslint,
  checkstyle,
  criterion,
  hyperfine,
  goBench,
  pytestBenchmark,
  vitestBench,
  gatling,
  jmeter,
];
