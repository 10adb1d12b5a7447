import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { git, makeRepository, writeFiles } from '../../test/support/repository.ts';
import { DIFF_ARGUMENTS, parseDiff } from '../gate/change/parse-diff.ts';
import { changeReader } from './change.ts';
import { repositorySource } from './git.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-change-'));
  makeRepository(folder, { 'a.txt': '1\n2\n' });
});
afterEach(() => rmSync(folder, { recursive: true }));

const commit = (message: string) => {
  git(folder, 'add', '--all');
  git(folder, 'commit', '--quiet', `--message=${message}`);
  return git(folder, 'rev-parse', 'HEAD');
};

async function change(targets: readonly string[] = []) {
  const found = await changeReader().changeOf((await repositorySource(folder))!, targets, DIFF_ARGUMENTS);
  return found && { ...found, files: parseDiff(found.diff).files.map(({ path, kind }) => `${kind} ${path}`) };
}

describe('changeOf', () => {
  it('compares a branch with the merge base, and not with what others did meanwhile', async () => {
    const base = git(folder, 'rev-parse', 'HEAD');
    git(folder, 'checkout', '--quiet', '-b', 'mine');
    writeFiles(folder, { 'b.txt': 'x\n' });
    commit('mine');
    git(folder, 'checkout', '--quiet', 'main');
    writeFiles(folder, { 'c.txt': 'y\n' });
    commit('theirs');
    git(folder, 'checkout', '--quiet', 'mine');
    expect(await change()).toMatchObject({ base, ancestors: [base], files: ['added b.txt'] });
  });

  it('compares the target branch itself with the commit before', async () => {
    const base = git(folder, 'rev-parse', 'HEAD');
    writeFiles(folder, { 'a.txt': '1\n2\n3\n' });
    commit('more');
    expect(await change()).toMatchObject({ base, files: ['modified a.txt'] });
  });

  it('sees what lies there and no commit has, and leaves the index as it was', async () => {
    const base = git(folder, 'rev-parse', 'HEAD');
    writeFiles(folder, { 'a.txt': '1\n', 'new.txt': 'x\n', '-odd name.txt': 'y\n' });
    const before = readFileSync(join(folder, '.git/index'));
    expect(await change()).toMatchObject({
      base,
      files: ['added -odd name.txt', 'modified a.txt', 'added new.txt'],
    });
    expect(readFileSync(join(folder, '.git/index')).equals(before)).toBe(true);
    expect(git(folder, 'count-objects')).toMatch(/^3 objects/);
  });

  it('takes the first target that there is, and no option for one', async () => {
    const base = git(folder, 'rev-parse', 'HEAD');
    writeFiles(folder, { 'b.txt': 'x\n' });
    commit('second');
    expect(await change(['--output=pwned', 'nowhere', base])).toMatchObject({ base, files: ['added b.txt'] });
  });

  it('knows nothing of a first commit, or of a target that is not there', async () => {
    expect(await change()).toBeNull();
    expect(await change(['nowhere'])).toBeNull();
  });
});
