import { existsSync, lstatSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { git, makeRepository, writeFiles } from '../../../test/support/repository.ts';
import type { RunSource } from '../../journal/run-event.ts';
import { checkOutUntrusted } from './untrusted-tree.ts';

let folder: string;
let repository: string;

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'sluice-untrusted-')));
  repository = join(folder, 'repository');
  makeRepository(repository, { 'sluice.yaml': 'base\n', 'ci/test.sh': 'base\n', 'src/a': 'base\n' });
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Commits what lies in the repository as the fork's, and checks it out. */
function checkOut(...protectedPaths: readonly string[]) {
  return checkOutAfter(() => {}, protectedPaths);
}

/** `prepare`: what happens to the repository between the commit and the check-out. */
async function checkOutAfter(prepare: () => void, protectedPaths: readonly string[]) {
  const base = git(repository, 'rev-parse', 'main');
  git(repository, 'checkout', '--quiet', '-b', 'fork');
  git(repository, 'add', '--all');
  git(repository, 'commit', '--quiet', '--message=fork');
  const source: RunSource = {
    path: repository,
    repository,
    branch: 'fork',
    tag: null,
    commit: git(repository, 'rev-parse', 'HEAD'),
    commitTimeMs: null,
    mode: 'commit',
    dirty: false,
  };
  prepare();
  const target = join(folder, 'target');
  const warning = await checkOutUntrusted(
    source,
    { ref: 'main', commit: base, protectedPaths },
    target,
    folder,
  );
  const read = (path: string) => readFileSync(join(target, path), 'utf8');
  return { target, warning, read };
}

describe('checkOutUntrusted', () => {
  it('takes protected files and folders from the base, and all else from the commit', async () => {
    writeFiles(repository, {
      'sluice.yaml': 'fork\n',
      'ci/test.sh': 'fork\n',
      'ci/new.sh': 'fork\n',
      'src/a': 'fork\n',
    });
    const { target, warning, read } = await checkOut('sluice.yaml', 'ci', 'ci-of-another-name');
    expect([read('sluice.yaml'), read('ci/test.sh'), read('src/a')]).toEqual(['base\n', 'base\n', 'fork\n']);
    expect(existsSync(join(target, 'ci/new.sh'))).toBe(false);
    expect(existsSync(join(target, '.git'))).toBe(false);
    expect(warning).toContain('sluice.yaml');
    expect(warning).toContain('ci/new.sh');
  });

  it('says nothing when the commit leaves them alone', async () => {
    writeFiles(repository, { 'src/a': 'fork\n' });
    expect((await checkOut('sluice.yaml', 'ci')).warning).toBeNull();
  });

  it('takes no link for a protected folder, nor for one on the way to it', async () => {
    writeFiles(repository, { 'evil/test.sh': 'fork\n', 'evil/tools/x': 'fork\n' });
    rmSync(join(repository, 'ci'), { recursive: true });
    symlinkSync('evil', join(repository, 'ci'));
    symlinkSync('evil', join(repository, 'lib'));
    const { target, read } = await checkOut('ci/test.sh', 'lib/tools');
    expect(read('ci/test.sh')).toBe('base\n');
    expect(lstatSync(join(target, 'ci')).isDirectory()).toBe(true);
    expect(existsSync(join(target, 'lib/tools/x'))).toBe(false);
  });

  it('brings back what the commit removed', async () => {
    rmSync(join(repository, 'sluice.yaml'));
    expect((await checkOut('sluice.yaml')).read('sluice.yaml')).toBe('base\n');
  });

  it('runs no filter, hook or watcher, and reads protected files without the attributes of the commit', async () => {
    writeFiles(repository, { '.gitattributes': '* filter=evil eol=crlf\n', 'src/a': 'fork\n' });
    const mark = join(folder, 'PWNED');
    const { read } = await checkOutAfter(() => {
      git(repository, 'config', 'filter.evil.smudge', `touch ${mark}; cat`);
      git(repository, 'config', 'filter.evil.required', 'true');
      git(repository, 'config', 'core.fsmonitor', `touch ${mark}`);
      writeFiles(repository, { '.git/hooks/post-checkout': `#!/bin/sh\ntouch ${mark}\n` });
    }, ['ci']);
    expect(existsSync(mark)).toBe(false);
    expect(read('ci/test.sh')).toBe('base\n');
  });

  it('protects everything where all of it is named', async () => {
    writeFiles(repository, { 'src/a': 'fork\n', 'src/b': 'fork\n' });
    const { target, read } = await checkOut('.');
    expect(read('src/a')).toBe('base\n');
    expect(existsSync(join(target, 'src/b'))).toBe(false);
  });
});
