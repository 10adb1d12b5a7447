import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { changedPaths, repositorySource } from './git.ts';

let folder: string;
const git = (...args: string[]) =>
  execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@localhost', ...args], {
    cwd: folder,
    encoding: 'utf8',
  });

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'sluice-git-')));
});
afterEach(() => rmSync(folder, { recursive: true }));

function repository(): void {
  git('init', '-q', '-b', 'main');
  writeFileSync(join(folder, 'a.txt'), 'a');
  git('add', '-A');
  git('commit', '-q', '-m', 'first');
}

describe('repositorySource', () => {
  it('knows branch, commit and its time, from any folder of the repository', async () => {
    repository();
    mkdirSync(join(folder, 'deep/er'), { recursive: true });
    const source = await repositorySource(join(folder, 'deep/er'));
    expect(source).toMatchObject({
      path: folder,
      repository: folder,
      branch: 'main',
      tag: null,
      mode: 'tree',
      dirty: false,
    });
    expect(source?.commit).toBe(git('rev-parse', 'HEAD').trim());
    expect(source?.commitTimeMs).toBe(Number(git('log', '-1', '--format=%ct')) * 1000);
  });

  it('says when files were changed or added', async () => {
    repository();
    writeFileSync(join(folder, 'new.txt'), 'x');
    expect((await repositorySource(folder))?.dirty).toBe(true);
  });

  it('names the tag, and no branch on a detached head', async () => {
    repository();
    git('tag', 'v1.2.3');
    git('checkout', '-q', '--detach');
    expect(await repositorySource(folder)).toMatchObject({ branch: null, tag: 'v1.2.3' });
  });

  it('names the repository by its origin, without credentials', async () => {
    repository();
    git('remote', 'add', 'origin', 'https://ann:secret@git.example/team/app.git');
    expect((await repositorySource(folder))?.repository).toBe('https://***@git.example/team/app');
  });

  it('takes exactly a commit, and knows when there is none', async () => {
    repository();
    writeFileSync(join(folder, 'a.txt'), 'changed');
    expect(await repositorySource(folder, 'HEAD')).toMatchObject({ mode: 'commit', dirty: false });
    expect(await repositorySource(folder, 'no-such-thing')).toBeNull();
    expect(await repositorySource(folder, '--output=stolen')).toBeNull();
  });

  it('does without commits and without git', async () => {
    expect(await repositorySource(folder)).toMatchObject({
      path: folder,
      branch: null,
      commit: null,
      dirty: true,
    });
    git('init', '-q', '-b', 'main');
    expect(await repositorySource(folder)).toMatchObject({
      path: folder,
      branch: 'main',
      commit: null,
      dirty: true,
    });
  });

  it('runs no program that the repository configures', async () => {
    repository();
    const trap = join(folder, '.git/trap.sh');
    writeFileSync(trap, `#!/bin/sh\ntouch ${folder}/trapped\n`);
    chmodSync(trap, 0o755);
    git('config', 'core.fsmonitor', trap);
    await repositorySource(folder);
    expect((await repositorySource(folder))?.dirty).toBe(false);
  });
});

describe('changedPaths', () => {
  it('are those of the commit and, of a work tree, those that lie there changed or new', async () => {
    repository();
    mkdirSync(join(folder, 'docs'));
    writeFileSync(join(folder, 'docs/ä b.md'), 'x');
    git('add', '-A');
    git('commit', '-q', '-m', 'second');
    writeFileSync(join(folder, 'a.txt'), 'changed');
    writeFileSync(join(folder, 'docs/new.md'), 'x');
    const tree = await repositorySource(folder);
    expect([...((await changedPaths(tree!)) ?? [])].sort()).toEqual(['a.txt', 'docs/new.md', 'docs/ä b.md']);
    const commit = await repositorySource(folder, 'HEAD');
    expect(await changedPaths(commit!)).toEqual(['docs/ä b.md']);
    const first = await repositorySource(folder, 'HEAD~1');
    expect(await changedPaths(first!)).toEqual(['a.txt']);
  });

  it('cannot be told without a commit', async () => {
    expect(await changedPaths((await repositorySource(folder))!)).toBeNull();
  });
});
