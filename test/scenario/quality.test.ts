import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { killProcessesOf } from '../support/processes.ts';
import { type ProductEnd, runProduct } from '../support/product.ts';
import { git, makeRepository, writeFiles } from '../support/repository.ts';
import { needs } from '../support/require.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
/** What tools/example-tools.sh installs. */
const TOOLS = join(root, 'node_modules/.example/node_modules');

interface Break {
  readonly gate: string;
  readonly job: string;
  /** Files by path: their text, or what becomes of it. */
  readonly files: Readonly<Record<string, string | ((text: string) => string)>>;
  /** Which condition, why, and what to do. */
  readonly told: readonly string[];
}

const ifs = Array.from({ length: 11 }, (_, index) => `  if (n === ${index}) return ${index * 7};\n`).join('');

const BREAKS: readonly Break[] = [
  {
    gate: 'no test fails',
    job: 'unit-tests',
    files: { 'src/address.ts': (text) => text.replace("'https:'", "'ftp:'") },
    told: ['no test fails: tests.failed is', 'it must be at most 0', 'repair', 'address.test.ts'],
  },
  {
    gate: 'coverage-unit',
    job: 'unit-tests',
    files: {
      'src/unused.ts': `export function unused(n: number): number {\n${ifs.repeat(5)}  return n;\n}\n`,
    },
    told: [
      "gate coverage-unit: suite('unit').coverage.line is",
      'it must be at least 80 %',
      'src/unused.ts',
      'more covered lines',
    ],
  },
  {
    gate: 'sast',
    job: 'lint',
    files: {
      'src/address.ts': (text) => `${text}\nexport const guess = (text: string): unknown => eval(text);\n`,
    },
    told: ['gate sast: findings.sast.high is 1; it must be at most 0', 'solve no-eval in src/address.ts:9'],
  },
  {
    gate: 'complexity',
    job: 'lint',
    files: { 'src/branches.ts': `export function seven(n: number): number {\n${ifs}  return n;\n}\n` },
    told: [
      'gate complexity: complexity.max is 12; it must be at most 10',
      'divide the function at src/branches.ts:1',
    ],
  },
  {
    gate: 'secrets',
    job: 'supply',
    // In two parts, so that whoever looks for secrets here finds none.
    files: { 'src/token.ts': `export const token = '${'ghp'}_${'wWPw5k4aXcaT4fNP0UcnZwJUVFk6LO0pINUx'}';\n` },
    told: ['gate secrets: findings.secrets.total is 1; it must be at most 0', 'src/token.ts:1'],
  },
  {
    gate: 'licenses',
    job: 'supply',
    files: { 'package-lock.json': (text) => licensed(text, 'AGPL-3.0-only') },
    told: ['gate licenses: licences.restricted is 1; it must be at most 0', 'acorn', 'AGPL-3.0-only'],
  },
  {
    gate: 'dependency-audit',
    job: 'supply',
    files: { 'quality/npm-audit.json': (text) => vulnerable(text) },
    told: ['gate dependency-audit: findings.sca.critical is 1; it must be at most 0', 'acorn'],
  },
  {
    gate: 'benchmark',
    job: 'benchmark',
    files: {
      'src/link-store.ts': (text) =>
        text
          .replace(
            'let rest = index;',
            "let rest = index;\n  for (let n = 0; n < 100; n++) if (text(n) === '') rest++;",
          )
          .concat('\nconst text = (n: number): string => n.toString(3);\n'),
    },
    told: ['gate benchmark: bench.proven_slowdown is', 'it must be at most 100 %', 'a thousand are added'],
  },
];

let folder: string;
let repository: string;

function sluice(...args: readonly string[]): Promise<ProductEnd> {
  return runProduct(args, { folder, cwd: repository, environment: { COLUMNS: '80' } });
}

describe('the quality pipeline of the example service', () => {
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'sluice-quality-'));
    repository = join(folder, 'repository');
    mkdirSync(join(folder, 'user'));
    cpSync(join(root, 'examples/service'), repository, { recursive: true });
    // What `npm ci` would bring is here already.
    const file = join(repository, '.sluice/quality.yaml');
    const text = readFileSync(file, 'utf8');
    const linked = text
      .replace(/^ +cache: .*\n/m, '')
      .replace('npm ci --no-audit --no-fund', `ln -s ${TOOLS} node_modules`);
    expect(linked).not.toContain('npm ci --no');
    writeFileSync(file, linked);
    makeRepository(repository);
  });

  afterAll(() => {
    killProcessesOf(folder);
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  });

  beforeEach((context) => {
    needs(context, 'the tools of the example', existsSync(TOOLS), 'sh tools/example-tools.sh');
  });

  it('passes as it is', { timeout: 180_000 }, async () => {
    const end = await sluice('run', 'quality');
    for (const job of ['unit-tests', 'lint', 'supply'])
      expect(end.stdout).toMatch(new RegExp(`^${job} +│ ✓ succeeded`, 'm'));
    // Before the target branch has facts there is nothing to compare a benchmark with.
    expect(asRead(end)).toContain('gate benchmark: inconclusive: bench.proven_slowdown has no value');
    expect(end.code).toBe(0);
  });

  it.for(BREAKS)('is stopped by $gate', { timeout: 120_000 }, async ({ gate, job, files, told }) => {
    git(repository, 'checkout', '--quiet', '-B', 'broken', 'main');
    for (const [path, change] of Object.entries(files)) {
      const file = join(repository, path);
      const text = typeof change === 'string' ? change : change(readFileSync(file, 'utf8'));
      writeFiles(repository, { [path]: text });
    }
    git(repository, 'add', '--all');
    git(repository, 'commit', '--quiet', `--message=${gate}`);
    const end = await sluice('run', 'quality', '--job', job);
    const said = asRead(end);
    for (const words of told) expect(said).toContain(words);
    expect(end.code).toBe(1);
  });
});

/** As people read it, wherever a line of the terminal ends. */
function asRead({ stdout, stderr }: ProductEnd): string {
  return (stdout + stderr).replace(/\n\S+ +│ +/g, ' ').replace(/\s+/g, ' ');
}

function licensed(lock: string, license: string): string {
  const parsed = JSON.parse(lock);
  parsed.packages['node_modules/acorn'].license = license;
  return JSON.stringify(parsed);
}

/** As npm tells of it. */
function vulnerable(report: string): string {
  const parsed = JSON.parse(report);
  const advisory = {
    source: 1,
    name: 'acorn',
    dependency: 'acorn',
    title: 'Runs what it should only read',
    url: 'https://example.org/advisories/1',
    severity: 'critical',
    range: '<99',
  };
  parsed.vulnerabilities.acorn = {
    name: 'acorn',
    severity: 'critical',
    isDirect: false,
    via: [advisory],
    effects: [],
    range: '<99',
    nodes: ['node_modules/acorn'],
    fixAvailable: true,
  };
  Object.assign(parsed.metadata.vulnerabilities, { critical: 1, total: 1 });
  return JSON.stringify(parsed);
}
