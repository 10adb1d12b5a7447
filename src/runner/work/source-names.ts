import { realpathSync } from 'node:fs';
import { relative } from 'node:path';
import { git, isRepository } from '../workspace/git.ts';
import { LIST_FILES, listSource } from '../workspace/source-list.ts';

/**
 * The names of the files that a workspace made from this folder would hold, some of which may be gone: which of them are there
 * is found by whoever looks at them. `excluded`: absolute folders that are left out. Throws as `git` does.
 */
export async function sourceNames(root: string, excluded: readonly string[]): Promise<readonly string[]> {
  if (!isRepository(root)) return listed(root, excluded);
  const names = (await git(root, LIST_FILES)).toString().split('\0');
  // Of a repository inside this one git lists only the name.
  if (names.some((name) => name.endsWith('/') || name === '.gitmodules')) return listed(root, excluded);
  const real = realpathSync(root);
  const own = excluded
    .map((path) => relative(real, path))
    .filter((path) => path !== '' && !path.startsWith('..'));
  return names.filter(
    (name) =>
      name !== '' &&
      !name.includes('\ufffd') &&
      !own.some((folder) => name === folder || name.startsWith(`${folder}/`)),
  );
}

async function listed(root: string, excluded: readonly string[]): Promise<readonly string[]> {
  return (await listSource(root, excluded)).entries.map(({ path }) => path);
}
