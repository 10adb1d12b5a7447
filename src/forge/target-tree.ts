import { existsSync } from 'node:fs';
import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { userError } from '../base/diagnostic.ts';
import type { RunSource } from '../journal/run-event.ts';
import { git } from './change.ts';

/** What a file of the source was called in `commit`, when git takes it for renamed since; null when not. */
export async function renamedFrom(source: RunSource, commit: string, path: string): Promise<string | null> {
  const head = source.mode === 'commit' ? [source.commit ?? 'HEAD'] : [];
  const listed = await git(source.path, [
    'diff',
    '--no-ext-diff',
    '--find-renames',
    '--diff-filter=R',
    '--name-status',
    '-z',
    '--end-of-options',
    commit,
    ...head,
    '--',
  ]);
  // Status, old name, new name; and again.
  const words = listed?.split('\0') ?? [];
  for (let at = 0; at + 2 < words.length; at += 3) if (words[at + 2] === path) return words[at + 1]!;
  return null;
}

/**
 * Calls `use` with a folder that has the files of the source's commit, and removes it afterwards. What the checkout has
 * installed (`node_modules`) is there too. Throws `UserError` when git cannot write them out.
 */
export async function inTreeOf<T>(source: RunSource, use: (path: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-tree-'));
  try {
    const index = { GIT_INDEX_FILE: join(folder, 'index') };
    const tree = join(folder, 'tree');
    const written =
      (await git(source.path, ['read-tree', '--end-of-options', source.commit ?? 'HEAD'], index)) !== null &&
      (await git(source.path, ['checkout-index', '--all', '--force', `--prefix=${tree}/`], index)) !== null;
    if (!written) {
      throw userError('commit-unreadable', `git cannot write out the files of ${source.commit}`, 'fetch it');
    }
    const installed = join(source.path, 'node_modules');
    if (existsSync(installed) && !existsSync(join(tree, 'node_modules'))) {
      await symlink(installed, join(tree, 'node_modules'));
    }
    return await use(tree);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
