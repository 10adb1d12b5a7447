import type { Facts } from '../facts/facts.ts';
import type { FindingCategory } from '../facts/finding.ts';

/** What a report can tell about. A metric needs one of them, and without a report of it there is no value. */
export type Aspect =
  | 'tests'
  | 'coverage'
  | 'mutants'
  | 'benchmarks'
  | 'components'
  | 'numbers'
  | `findings:${FindingCategory}`;

/** What people call the reports of an aspect. */
export const ASPECT_WORDS: Readonly<Record<Aspect, string>> = {
  tests: 'test results',
  coverage: 'coverage',
  mutants: 'mutation testing',
  benchmarks: 'benchmarks',
  components: 'a bill of materials',
  numbers: 'plain metrics',
  'findings:code': 'a code scanner',
  'findings:dependency': 'a dependency scanner',
  'findings:secret': 'a secret scanner',
  'findings:licence': 'a licence scanner',
  'findings:misconfiguration': 'a configuration scanner',
  'findings:dynamic': 'a dynamic scanner',
};

const ANY_FINDING: readonly Aspect[] = [
  'findings:code',
  'findings:dependency',
  'findings:secret',
  'findings:licence',
  'findings:misconfiguration',
  'findings:dynamic',
];

/**
 * What a report of a kind tells about even when it found nothing. `sarif` is told by its tool. A bill of materials without a
 * vulnerability is none of these: nobody looked for any.
 */
const OF_KIND: Readonly<Record<string, readonly Aspect[]>> = {
  junit: ['tests'],
  lcov: ['coverage'],
  cobertura: ['coverage'],
  jacoco: ['coverage'],
  istanbul: ['coverage'],
  'istanbul-summary': ['coverage'],
  clover: ['coverage'],
  'go-cover': ['coverage'],
  'npm-audit': ['findings:dependency'],
  'pip-audit': ['findings:dependency'],
  govulncheck: ['findings:dependency'],
  'dependency-check': ['findings:dependency'],
  'bundler-audit': ['findings:dependency'],
  'dotnet-vulnerable': ['findings:dependency'],
  grype: ['findings:dependency'],
  snyk: ['findings:dependency'],
  'osv-scanner': ['findings:dependency'],
  trivy: ['findings:dependency'],
  gitleaks: ['findings:secret'],
  trufflehog: ['findings:secret'],
  secretlint: ['findings:secret'],
  zap: ['findings:dynamic'],
  eslint: ['findings:code'],
  checkstyle: ['findings:code'],
  cyclonedx: ['components'],
  spdx: ['components'],
  stryker: ['mutants'],
  pit: ['mutants'],
  criterion: ['benchmarks'],
  hyperfine: ['benchmarks'],
  'go-bench': ['benchmarks'],
  'pytest-benchmark': ['benchmarks'],
  'vitest-bench': ['benchmarks'],
  k6: ['numbers'],
  gatling: ['numbers'],
  jmeter: ['numbers'],
  metrics: ['numbers'],
};

/** Tools that write SARIF and look for something else than flaws of the code. */
const OF_TOOL: readonly (readonly [RegExp, Aspect])[] = [
  [/trivy|grype|snyk open source|osv|dependency|pip-audit|govulncheck|docker scout/i, 'findings:dependency'],
  [/gitleaks|trufflehog|secretlint|detect-secrets/i, 'findings:secret'],
  [/\bzap\b|nuclei|burp|dastardly/i, 'findings:dynamic'],
  [
    /hadolint|checkov|kics|tfsec|terrascan|kubesec|kube-linter|actionlint|zizmor/i,
    'findings:misconfiguration',
  ],
];

const known = new WeakMap<Facts, ReadonlySet<Aspect>>();

/** What this report tells about: by its kind, its tool, and what it holds. */
export function aspectsOf(facts: Facts): ReadonlySet<Aspect> {
  let aspects = known.get(facts);
  if (!aspects) {
    aspects = new Set(find(facts));
    known.set(facts, aspects);
  }
  return aspects;
}

function* find(facts: Facts): Generator<Aspect> {
  if (facts.kind === 'sarif') yield* toolAspects(facts);
  yield* OF_KIND[facts.kind] ?? [];
  const categories = new Set<FindingCategory>();
  for (const { category } of facts.findings) categories.add(category);
  for (const category of categories) yield `findings:${category}`;
  // Every report may hold plain numbers beside its own facts.
  if (facts.metrics.length > 0) yield 'numbers';
}

function toolAspects({ tools }: Facts): Aspect[] {
  const aspects = tools.map(
    ({ name }) => OF_TOOL.find(([pattern]) => pattern.test(name))?.[1] ?? 'findings:code',
  );
  return aspects.length > 0 ? aspects : ['findings:code'];
}

/** Whether a report of this kind could tell about it; null is any kind. */
export function couldTell(kind: string | null, aspect: Aspect): boolean {
  if (kind === null) return true;
  if (kind === 'sarif') return ANY_FINDING.includes(aspect);
  if (kind === 'cyclonedx' || kind === 'trivy' || kind === 'snyk') {
    return aspect === 'components' || ANY_FINDING.includes(aspect);
  }
  return (OF_KIND[kind] ?? []).includes(aspect);
}
