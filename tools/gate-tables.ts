import { METRICS } from '../src/gate/measure/metric.ts';
import { PRESETS } from '../src/gate/policy/preset.ts';
import { PARSERS } from '../src/gate/report/parsers.ts';
import type { GatePreset } from '../src/pipeline/plan-gate.ts';
import type { ReportKind } from '../src/pipeline/plan-report.ts';

/* The tables of docs/gates.md. `node tools/gate-tables.ts` prints them; a test holds the page to them. */

/** How each kind is made, and the presets that read it. */
const MADE: Readonly<Record<ReportKind, readonly [command: string, ...presets: GatePreset[]]>> = {
  junit: ['vitest run --reporter=junit --outputFile=junit.xml', 'smoke', 'e2e-journeys', 'flaky-rate'],
  lcov: [
    'vitest run --coverage --coverage.reporter=lcovonly',
    'coverage-unit',
    'coverage-integration',
    'coverage-total',
  ],
  cobertura: [
    'pytest --cov --cov-report=xml:cobertura.xml',
    'coverage-unit',
    'coverage-integration',
    'coverage-total',
  ],
  jacoco: ['mvn verify jacoco:report', 'coverage-unit', 'coverage-integration', 'coverage-total'],
  istanbul: ['c8 --reporter=json npm test', 'coverage-unit', 'coverage-integration', 'coverage-total'],
  sarif: ['eslint . --format @microsoft/eslint-formatter-sarif -o eslint.sarif', 'sast', 'security-score'],
  'npm-audit': ['npm audit --json > npm-audit.json', 'dependency-audit', 'sca', 'vulnerabilities'],
  trivy: ['trivy image --format json -o trivy-image.json IMAGE', 'container', 'sca', 'vulnerabilities'],
  gitleaks: ['gitleaks detect --report-format json --report-path gitleaks.json', 'secrets'],
  cyclonedx: ['npm sbom --sbom-format cyclonedx > bom.json', 'licenses'],
  stryker: ['stryker run --reporters json', 'mutation'],
  k6: ['k6 run --summary-export k6.json load.js', 'load'],
  metrics: ['a JSON object of names and numbers, written by anything', 'resources', 'canary-health'],
  clover: ['phpunit --coverage-clover clover.xml', 'coverage-unit', 'coverage-integration', 'coverage-total'],
  'go-cover': [
    'go test -coverprofile=cover.out ./...',
    'coverage-unit',
    'coverage-integration',
    'coverage-total',
  ],
  'pip-audit': ['pip-audit --format json -o pip-audit.json', 'dependency-audit', 'sca', 'vulnerabilities'],
  govulncheck: [
    'govulncheck -format json ./... > govulncheck.json',
    'dependency-audit',
    'sca',
    'vulnerabilities',
  ],
  'dependency-check': [
    'dependency-check --format JSON --scan . --out .',
    'dependency-audit',
    'sca',
    'vulnerabilities',
  ],
  'bundler-audit': [
    'bundle-audit check --format json --output bundler-audit.json',
    'dependency-audit',
    'sca',
    'vulnerabilities',
  ],
  'dotnet-vulnerable': [
    'dotnet list package --vulnerable --format json > dotnet.json',
    'dependency-audit',
    'sca',
    'vulnerabilities',
  ],
  grype: ['grype IMAGE -o json > grype-image.json', 'container', 'sca', 'vulnerabilities'],
  snyk: ['snyk test --json > snyk.json', 'dependency-audit', 'sca', 'vulnerabilities'],
  'osv-scanner': ['osv-scanner --format json . > osv.json', 'dependency-audit', 'sca', 'vulnerabilities'],
  trufflehog: ['trufflehog filesystem --json . > trufflehog.json', 'secrets'],
  secretlint: ['secretlint --format json "**/*" > secretlint.json', 'secrets'],
  zap: ['zap-baseline.py -t URL -J zap.json', 'dast', 'vulnerabilities'],
  spdx: ['npm sbom --sbom-format spdx > sbom.spdx.json', 'licenses'],
  pit: ['mvn test-compile org.pitest:pitest-maven:mutationCoverage -DoutputFormats=XML', 'mutation'],
  eslint: ['eslint . --format json -o eslint.json', 'sast', 'complexity', 'function-length'],
  checkstyle: ['checkstyle -f xml -o checkstyle.xml src', 'sast', 'complexity', 'function-length'],
  criterion: ['cargo criterion --message-format=json > criterion.json', 'benchmark'],
  hyperfine: ['hyperfine --export-json hyperfine.json COMMAND', 'benchmark'],
  'go-bench': ['go test -bench=. -count=10 ./... > bench.txt', 'benchmark'],
  'pytest-benchmark': ['pytest --benchmark-json=benchmark.json', 'benchmark'],
  'vitest-bench': ['vitest bench --run --reporter=json --outputFile=bench.json', 'benchmark'],
  gatling: ['gatling.sh (js/stats.json of its report)', 'load'],
  jmeter: ['jmeter -n -t plan.jmx -l results.jtl', 'load'],
};

/** Kinds, what they are, how each is made, and the presets that read it. */
export function reportTable(): string {
  const rows = Object.entries(MADE).map(([kind, [command, ...presets]]) => {
    const title = PARSERS.find((parser) => parser.kind === kind)!.title;
    return [`\`${kind}\``, title, `\`${command}\``, presets.map((name) => `\`${name}\``).join(', ')];
  });
  return table(['kind', 'what it is', 'made by', 'presets'], rows);
}

/** Presets with what each demands. */
export function presetTable(): string {
  const rows = Object.entries(PRESETS).map(([name, { doc, mode, checks }]) => [
    `\`${name}\``,
    doc,
    mode,
    checks.map(({ metric }) => `\`${metric}\``).join(', '),
  ]);
  return table(['preset', 'passes when', 'mode', 'metrics'], rows);
}

/** Metrics; the severities of a group of findings share a row. */
export function metricTable(): string {
  const rows = METRICS.filter(({ name }) => !/^findings\..*(critical|high|medium|low|info)$/.test(name)).map(
    ({ name, doc, unit, better, sample, isScoped }) => [
      `\`${name}\``,
      doc,
      unit || 'count',
      better,
      sample ?? '',
      isScoped ? 'yes' : '',
    ],
  );
  return table(['metric', 'what it is', 'unit', 'better', '`min_sample` counts', '`scope: new`'], rows);
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

if (import.meta.main) process.stdout.write([reportTable(), presetTable(), metricTable(), ''].join('\n\n'));
