import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { removeUnwanted, sparsePatterns } from './sparse.ts';

const FILES = [
  'README.md',
  'a/deep/er/file.ts',
  'a/deep/other.js',
  'a/file.ts',
  'a/next/file.js',
  'b.txt',
  'b/[x].md',
  'b/docs/one.md',
  'b/docs/two.txt',
  'docs/three.md',
  'docs/x1.md',
];

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-sparse-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function git(...words: string[]): void {
  const identity = ['-c', 'user.name=a', '-c', 'user.email=a@example.com'];
  execFileSync('git', ['-C', join(folder, 'git'), ...identity, ...words], { stdio: 'pipe' });
}

function writeAll(name: string): void {
  for (const file of FILES) {
    mkdirSync(dirname(join(folder, name, file)), { recursive: true });
    writeFileSync(join(folder, name, file), file);
  }
}

function left(name: string): string[] {
  return readdirSync(join(folder, name), { recursive: true, withFileTypes: true })
    .map(({ parentPath, name: file }) => join(parentPath, file).slice(join(folder, name).length + 1))
    .filter((path) => !path.startsWith('.git'))
    .sort();
}

const CASES: readonly (readonly [boolean, readonly string[]])[] = [
  [true, ['a/deep']],
  [true, ['a/deep/er', 'b/docs/', 'a']],
  [true, ['a/deep/er', 'b/docs', 'missing']],
  [false, ['/*', '!docs/']],
  [false, ['docs', '!b/docs']],
  [false, ['*.ts', '/b*']],
  [false, ['a/', '!/a/deep/', '/a/deep/er/']],
  [false, ['*', '!docs/']],
  [false, ['**/docs/*.md', '!x?.md']],
  [false, ['a/**', '!**/[e-f]*.js', 'b/\\[x\\].md']],
  [false, ['# nothing', 'x[0-9].md', '[!a-q]*']],
];

describe('sparse checkout', () => {
  it.each(CASES)('leaves what git leaves: cone %s, %j', (isCone, lines) => {
    writeAll('ours');
    writeAll('git');
    git('init', '-q');
    git('add', '-A');
    git('commit', '-qm', 'all');
    git('sparse-checkout', 'set', isCone ? '--cone' : '--no-cone', ...lines);
    removeUnwanted(join(folder, 'ours'), sparsePatterns(lines, isCone));
    expect(left('ours')).toEqual(left('git'));
  });

  it.each(['/a', '!a', 'a/*.ts', 'a[1]'])('refuses %s as a folder', (line) => {
    expect(() => sparsePatterns([line], true)).toThrow(/is no folder.*sparse-checkout-cone-mode/);
  });
});
