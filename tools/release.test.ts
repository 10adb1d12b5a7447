import { execFile, execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { killProcessesOf } from '../test/support/processes.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const work = mkdtempSync(join(tmpdir(), 'sluice-release-'));
const checkout = join(work, 'checkout');
const project = join(work, 'project');
const environment = {
  PATH: `${dirname(process.execPath)}:/usr/local/bin:/usr/bin:/bin`,
  HOME: work,
  SLUICE_HOME: join(work, 'home'),
};

/** Runs a program to its end and returns what it printed; throws when it fails. */
function run(program: string, words: readonly string[], cwd: string): string {
  return execFileSync(program, words, { cwd, env: environment, encoding: 'utf8' });
}

// A copy is packed, because packing puts another package.json in place for a moment.
beforeAll(() => {
  const files = [
    'bin',
    'src',
    'tools',
    'package.json',
    'tsconfig.json',
    'LICENSE',
    'README.md',
    'CHANGELOG.md',
  ];
  for (const file of files) cpSync(join(root, file), join(checkout, file), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(checkout, 'node_modules'));
  const tarball = run('npm', ['pack', '--silent'], checkout).trim().split('\n').at(-1)!;
  mkdirSync(project);
  writeFileSync(join(project, 'package.json'), '{ "type": "module" }');
  run('npm', ['install', '--offline', '--no-audit', '--no-fund', join(checkout, tarball)], project);
}, 120_000);

afterAll(() => {
  rmSync(work, { recursive: true, force: true });
});

describe('release', { timeout: 120_000 }, () => {
  it('brings no other package, and not the sources', () => {
    const installed = join(project, 'node_modules/sluice');
    expect(run('ls', ['node_modules'], project).trim()).toBe('sluice');
    expect(existsSync(join(installed, 'src'))).toBe(false);
    expect(existsSync(join(installed, 'node_modules'))).toBe(false);
    expect(readFileSync(join(installed, 'dist/LICENSES.txt'), 'utf8')).toContain('==== yaml ');
  });

  it('leaves the package.json of the checkout as it was', () => {
    const before = readFileSync(join(root, 'package.json'), 'utf8');
    expect(readFileSync(join(checkout, 'package.json'), 'utf8')).toBe(before);
  });

  it('runs a pipeline', () => {
    const repository = join(work, 'repository');
    mkdirSync(repository);
    writeFileSync(
      join(repository, 'sluice.yaml'),
      'jobs:\n  greet:\n    commands: [echo hello from the release]\n',
    );
    run('git', ['init', '-q'], repository);
    const sluice = join(project, 'node_modules/.bin/sluice');
    expect(run(sluice, ['--version'], repository)).toBe(
      run(join(root, 'bin/sluice'), ['--version'], repository),
    );
    expect(run(sluice, ['run'], repository)).toContain('succeeded');
    expect(run(sluice, ['logs'], repository)).toContain('hello from the release');
  });

  it('needs only its first part to run what it remembers', () => {
    const release = join(work, 'first-part');
    cpSync(join(project, 'node_modules/sluice'), release, { recursive: true });
    const repository = join(work, 'remembered');
    mkdirSync(repository);
    writeFileSync(join(repository, 'sluice.yaml'), 'jobs:\n  greet:\n    commands: [echo hello]\n');
    run('git', ['init', '-q'], repository);
    run(join(release, 'bin/sluice'), ['run'], repository);
    for (const part of ['pipeline.js', 'rest.js']) rmSync(join(release, 'dist', part));
    expect(run(join(release, 'bin/sluice'), ['run'], repository)).toContain('succeeded');
  });

  it('runs a typed pipeline of a repository that has not installed it', () => {
    const repository = join(work, 'typed');
    mkdirSync(repository);
    const source =
      "import { pipeline } from 'sluice';\nexport default pipeline({ jobs: { greet: { commands: ['true'] } } });\n";
    writeFileSync(join(repository, 'sluice.ts'), source);
    run('git', ['init', '-q'], repository);
    for (const sluice of [join(project, 'node_modules/.bin/sluice'), join(root, 'bin/sluice')]) {
      expect(run(sluice, ['run'], repository)).toContain('1 job succeeded');
    }
  });

  it('takes the example service to production, and back from a version that harms', {
    timeout: 600_000,
  }, async () => {
    const folder = join(work, 'demo');
    const repository = join(folder, 'links');
    cpSync(join(root, 'examples/service'), repository, { recursive: true });
    const file = join(repository, 'sluice.yaml');
    // Below the ports that the system gives away by itself.
    const ports = 200 + (process.pid % 120);
    writeFileSync(file, readFileSync(file, 'utf8').replaceAll(/\b181(\d\d)\b/g, `${ports}$1`));
    run('git', ['init', '-q', '-b', 'main'], repository);
    try {
      // Not `run`: a test that takes so long must let others be heard.
      const { stdout } = await promisify(execFile)('./demo.sh', {
        cwd: repository,
        env: {
          ...environment,
          SLUICE_HOME: join(folder, 'home'),
          SLUICE: join(project, 'node_modules/.bin/sluice'),
        },
      });
      expect(stdout).toMatch(/tests pass[\s\S]*rolled back[\s\S]*was found to harm and taken back/);
      const failed = [...stdout.matchAll(/Users sent (\d+) requests meanwhile; (\d+) of them failed/g)];
      const [good, bad] = failed.map((match) => ({ sent: Number(match[1]), failed: Number(match[2]) }));
      expect(good!.sent).toBeGreaterThan(1000);
      expect(good!.failed).toBe(0);
      expect(bad!.failed).toBeGreaterThan(0);
      expect(bad!.failed).toBeLessThan(60);
    } finally {
      killProcessesOf(folder);
    }
  });

  it('gives typed pipelines to those who import them', () => {
    const program =
      "import { pipeline } from 'sluice'; console.log(pipeline({ name: 'typed', jobs: {} }).name);";
    expect(run(process.execPath, ['--input-type=module', '-e', program], project)).toBe('typed\n');

    const source = [
      "import { pipeline } from 'sluice';",
      "export default pipeline({ jobs: { a: { timeout: '5m', matrix: { os: ['a'], fail_fast: false } } } });",
      '// @ts-expect-error a list is no timeout',
      'export const wrong = pipeline({ jobs: { a: { timeout: [] } } });',
    ].join('\n');
    writeFileSync(join(project, 'sluice.ts'), source);
    const tsc = join(root, 'node_modules/.bin/tsc');
    const flags = ['--noEmit', '--strict', '--module', 'nodenext', '--lib', 'es2024'];
    expect(run(tsc, [...flags, 'sluice.ts'], project)).toBe('');
  });
});
