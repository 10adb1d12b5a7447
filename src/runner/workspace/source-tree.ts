import { existsSync, mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import type { RunSource, SourceBase } from '../../journal/run-event.ts';
import { copyTree } from './copy-tree.ts';
import type { SourceList } from './entry.ts';
import { git, gitTwice, isRepository } from './git.ts';
import { createGitView, LIST_REFS } from './git-view.ts';
import { LIST_FILES, listFolder, listSource } from './source-list.ts';
import { checkOutUntrusted } from './untrusted-tree.ts';

/** Up to here a work tree is copied once for the run, so that every job sees the same files whatever is edited meanwhile. */
const SNAPSHOT_ENTRIES_MAX = 2000;
const SNAPSHOT_BYTES_MAX = 64 * 1024 * 1024;

/** What the workspaces of one run are made from. */
export interface SourceTree {
  readonly list: SourceList;
  /** The shared git directory; null without a commit. */
  readonly gitView: string | null;
  /** False: jobs copy straight from the user's folder, and a change meanwhile is possible. */
  readonly isFrozen: boolean;
}

/**
 * Takes the files of a run, once. From a commit they are checked out beside the workspaces. From the work tree they are
 * listed, and copied when the tree is small; a large one is copied straight into each workspace, where a file that changed
 * since is named in a warning.
 */
export async function takeSource(
  source: RunSource,
  folder: string,
  excluded: readonly string[],
): Promise<SourceTree> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (source.base) return takeUntrusted(source, source.base, folder);
  return source.mode === 'commit' ? takeCommit(source, folder) : takeWorkTree(source, folder, excluded);
}

async function takeWorkTree(
  source: RunSource,
  folder: string,
  excluded: readonly string[],
): Promise<SourceTree> {
  const hasView = source.commit !== null && isRepository(source.path);
  const [names, refs] = hasView ? await gitTwice(source.path, LIST_FILES, LIST_REFS) : [null, null];
  const list = await listSource(source.path, excluded, names);
  const gitView = refs && (await viewOf(source, folder, refs, null));
  if (list.entries.length > SNAPSHOT_ENTRIES_MAX || list.bytes > SNAPSHOT_BYTES_MAX) {
    return { list, gitView, isFrozen: false };
  }
  const snapshot = join(folder, 'source');
  await onceComplete(snapshot, async (partial) => {
    mkdirSync(partial);
    await copyTree(list, partial);
  });
  const taken = listFolder(snapshot);
  return { list: { ...taken, warnings: list.warnings }, gitView, isFrozen: true };
}

async function takeCommit(source: RunSource, folder: string): Promise<SourceTree> {
  const snapshot = join(folder, 'source');
  const index = join(folder, 'index');
  // An index of its own, so that neither the user's index nor the work tree is touched; unlike `git archive` this does not
  // leave out what export-ignore names.
  await git(source.path, ['read-tree', '--end-of-options', source.commit ?? 'HEAD'], index);
  await onceComplete(snapshot, async (partial) => {
    mkdirSync(partial);
    await git(source.path, ['checkout-index', '--all', '--force', `--prefix=${partial}/`], index);
  });
  const refs = await git(source.path, LIST_REFS);
  return { list: listFolder(snapshot), gitView: await viewOf(source, folder, refs, index), isFrozen: true };
}

/**
 * Without a git directory: that one borrows all objects of the repository, also of branches that are nobody's business.
 */
async function takeUntrusted(source: RunSource, base: SourceBase, folder: string): Promise<SourceTree> {
  const snapshot = join(folder, 'source');
  let leftOut: string | null = null;
  await onceComplete(snapshot, async (partial) => {
    leftOut = await checkOutUntrusted(source, base, partial, folder);
  });
  const list = listFolder(snapshot);
  return { list: { ...list, warnings: leftOut === null ? [] : [leftOut] }, gitView: null, isFrozen: true };
}

async function viewOf(
  source: RunSource,
  folder: string,
  refs: Buffer,
  index: string | null,
): Promise<string> {
  const view = join(folder, 'git');
  await onceComplete(view, (partial) => createGitView(source, partial, refs, index));
  return view;
}

/** Makes a folder under another name first: what a crash left half done is never taken for the whole. */
async function onceComplete(folder: string, make: (partial: string) => Promise<void>): Promise<void> {
  if (existsSync(folder)) return;
  const partial = `${folder}-${process.pid}-${process.hrtime.bigint()}`;
  await make(partial);
  renameSync(partial, folder);
}
