import { cobertura } from './cobertura.ts';
import type { ReportParser } from './contract.ts';
import { cyclonedx } from './cyclonedx.ts';
import { gitleaks } from './gitleaks.ts';
import { istanbul } from './istanbul.ts';
import { istanbulSummary } from './istanbul-summary.ts';
import { jacoco } from './jacoco.ts';
import { junit } from './junit.ts';
import { k6 } from './k6.ts';
import { lcov } from './lcov.ts';
import { metrics } from './metrics.ts';
import { npmAudit } from './npm-audit.ts';
import { sarif } from './sarif.ts';
import { stryker } from './stryker.ts';
import { trivy } from './trivy.ts';

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
];
