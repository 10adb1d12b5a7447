import { spawnSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const nodeFolder = dirname(process.execPath);
const basics = '/usr/bin:/bin';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice launcher-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** A copy of bin/ without node_modules, as in a release, whose program is `main`. */
function release(main: string): string {
  cpSync(join(root, 'bin'), join(folder, 'bin'), { recursive: true });
  cpSync(join(root, 'package.json'), join(folder, 'package.json'));
  mkdirSync(join(folder, 'dist'));
  writeFileSync(
    join(folder, 'dist/main.js'),
    `(function (require, bundleUrl) {${main}\n})\n// ${'0'.repeat(64)}\n`,
  );
  return join(folder, 'bin/sluice');
}

function run(program: string, words: readonly string[] = [], environment: Record<string, string> = {}) {
  const env = { PATH: `${nodeFolder}:${basics}`, HOME: folder, ...environment };
  const { status, stdout, stderr } = spawnSync(program, words, { env, encoding: 'utf8' });
  return { status, stdout, stderr };
}

describe('launcher', () => {
  it('tells its version', () => {
    for (const word of ['--version', '-V']) {
      expect(run(join(root, 'bin/sluice'), [word])).toEqual({
        status: 0,
        stdout: `${version}\n`,
        stderr: '',
      });
    }
  });

  it('finds itself through links, absolute and relative, and through PATH', () => {
    symlinkSync(join(root, 'bin/sluice'), join(folder, 'absolute'));
    symlinkSync('absolute', join(folder, 'sluice'));
    expect(run(join(folder, 'sluice'), ['--version']).stdout).toBe(`${version}\n`);
    const env = { PATH: `${folder}:${nodeFolder}:${basics}`, HOME: folder };
    expect(spawnSync('sluice', ['--version'], { env, encoding: 'utf8' }).stdout).toBe(`${version}\n`);
  });

  it('hands arguments and exit code through', () => {
    const program = release('console.log(JSON.stringify(process.argv.slice(2))); process.exitCode = 4;');
    expect(run(program, ['a b', '', '--x=*'])).toEqual({
      status: 4,
      stdout: '["a b","","--x=*"]\n',
      stderr: '',
    });
  });

  it('keeps compiled code in the cache folder of the user, or where it is told to', () => {
    const program = release('console.log(process.env.NODE_COMPILE_CACHE);');
    expect(run(program).stdout).toBe(`${folder}/.cache/sluice/compile\n`);
    expect(run(program, [], { XDG_CACHE_HOME: '/tmp/x' }).stdout).toBe('/tmp/x/sluice/compile\n');
    expect(run(program, [], { NODE_COMPILE_CACHE: '' }).stdout).toBe('\n');
  });

  it('keeps compiled code of the second good run for all later ones, and goes on without it', () => {
    const program = release('console.log(process.argv[2]);');
    const kept = () => {
      const compile = join(folder, '.cache/sluice/compile');
      const name = readdirSync(compile).find((one) => one.startsWith('sluice-'));
      return name === undefined ? null : join(compile, name);
    };
    run(program, ['list']);
    expect(kept()).toBeNull();
    run(program, ['run']);
    expect(statSync(kept()!).size).toBe(0);
    run(program, ['run']);
    expect(statSync(kept()!).size).toBeGreaterThan(100);
    expect(run(program, ['list'])).toEqual({ status: 0, stdout: 'list\n', stderr: '' });
    writeFileSync(kept()!, 'this is no code');
    expect(run(program, ['run'])).toEqual({ status: 0, stdout: 'run\n', stderr: '' });
    expect(readFileSync(kept()!, 'latin1')).not.toBe('this is no code');
  });

  it('loads the sources of a checkout as they lie there, from one run to the next', () => {
    const program = release('');
    mkdirSync(join(folder, 'src/inner'), { recursive: true });
    writeFileSync(
      join(folder, 'src/main.ts'),
      `import { one } from './inner/one.ts';
      const two: string = (await import('./two.ts')).two;
      console.log(one, two);`,
    );
    writeFileSync(
      join(folder, 'src/inner/one.ts'),
      `import { two } from '../two.ts'; export const one = two + 'one';`,
    );
    const two = join(folder, 'src/two.ts');
    for (const text of ['two', 'new']) {
      writeFileSync(two, `export const two: string = '${text}';`);
      expect(run(program)).toEqual({ status: 0, stdout: `${text}one ${text}\n`, stderr: '' });
    }
    rmSync(two);
    const { status, stderr } = run(program);
    expect(status).toBe(3);
    expect(stderr).toContain('src/two.ts');
  });

  it('silences the warning of node:sqlite and no other', () => {
    const program = release(`
      process.emitWarning('SQLite is an experimental feature', 'ExperimentalWarning');
      process.emitWarning('Glob is an experimental feature', 'ExperimentalWarning');
      process.emitWarning('something is old', { type: 'DeprecationWarning' });`);
    const { stderr } = run(program);
    expect(stderr).not.toContain('SQLite');
    expect(stderr).toContain('Glob is an experimental feature');
    expect(stderr).toContain('something is old');
  });
});

describe('launcher, where it cannot start', () => {
  it('says so when there is no Node', () => {
    const bare = join(folder, 'bare');
    mkdirSync(bare);
    symlinkSync('/bin/sh', join(bare, 'sh'));
    const { status, stderr } = run('/bin/sh', [release('')], { PATH: bare });
    expect({ status, stderr }).toEqual({
      status: 3,
      stderr:
        'sluice: there is no Node on PATH. Sluice needs Node 24 or newer: https://nodejs.org/en/download\n',
    });
  });

  it('says so when Node is too old', () => {
    release('console.log("started")');
    const old =
      'Object.defineProperty(process, "versions", { value: { ...process.versions, node: "20.1.0" } })';
    const words = [
      '--import',
      `data:text/javascript,${encodeURIComponent(old)}`,
      join(folder, 'bin/start.cjs'),
    ];
    const { status, stdout, stderr } = run(process.execPath, words);
    expect({ status, stdout }).toEqual({ status: 3, stdout: '' });
    expect(stderr).toContain('Sluice needs Node 24 or newer; this is v');
  });

  it('says so when a release is damaged', () => {
    const { status, stderr } = run(release('require("./lost.js");'));
    expect(status).toBe(3);
    expect(stderr).toContain('this installation is damaged');
    expect(stderr).toContain('npm install --global sluice');
  });

  it('says so when a checkout has no npm packages', () => {
    const program = release('');
    mkdirSync(join(folder, 'src'));
    writeFileSync(join(folder, 'src/main.ts'), 'import "a-package-that-is-not-there";');
    expect(run(program)).toEqual({
      status: 3,
      stdout: '',
      stderr: `sluice: the npm packages of this checkout are missing.\nType: npm ci --prefix '${folder}/'\n`,
    });
  });
});
