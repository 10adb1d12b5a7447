import { execFile } from 'node:child_process';
import { realpathSync } from 'node:fs';
import process from 'node:process';
import { promisify } from 'node:util';
import { withoutUserInfo } from '../base/text.ts';
import type { RunSource } from '../journal/run-event.ts';

const run = promisify(execFile);

/**
 * What git says of the repository that `directory` is in. Without git, or outside a repository, the folder itself is the
 * source and the git facts are null. Never runs hooks, never changes anything.
 * With `commit` given, the source is exactly that commit; null when there is no such commit.
 */
export async function repositorySource(
  directory: string,
  commit: string | null = null,
): Promise<RunSource | null> {
  // Side by side, because each git process costs some milliseconds of start-up.
  const revision = commit === null ? 'HEAD' : `${commit}^{commit}`;
  const [top, log, status, origin] = await Promise.all([
    git(directory, ['rev-parse', '--show-toplevel']),
    git(directory, ['log', '-1', '--format=%H%x00%ct%x00%D', '--end-of-options', revision, '--']),
    git(directory, ['status', '--porcelain=v2', '--branch', '--untracked-files=normal', '-z']),
    git(directory, ['config', '--get', 'remote.origin.url']),
  ]);
  if (commit !== null && !log) return null;
  const path = top?.trim() || realpathSync(directory);
  const [sha, seconds, names] = log?.trim().split('\0') ?? [];
  const lines = status?.split('\0') ?? [];
  const branch =
    lines.find((line) => line.startsWith('# branch.head '))?.slice('# branch.head '.length) ?? null;
  const tag = names?.split(', ').find((name) => name.startsWith('tag: '));
  return {
    path,
    repository: origin ? withoutUserInfo(origin.trim()).replace(/\.git$/, '') : path,
    branch: branch === '(detached)' ? null : branch,
    tag: tag ? tag.slice('tag: '.length) : null,
    commit: sha ?? null,
    commitTimeMs: seconds ? Number(seconds) * 1000 : null,
    mode: commit === null ? 'tree' : 'commit',
    dirty: commit === null && (!sha || lines.some((line) => line !== '' && !line.startsWith('#'))),
  };
}

/**
 * The paths that a run of this source is about: what its commit changed against its first parent and, for a work tree,
 * what lies there changed or new. null when git cannot tell.
 */
export async function changedPaths(source: RunSource): Promise<readonly string[] | null> {
  if (source.commit === null) return null;
  const [committed, lying] = await Promise.all([
    git(source.path, [
      'diff-tree',
      '-r',
      '-z',
      '--root',
      '--no-commit-id',
      '--name-only',
      '--diff-merges=first-parent',
      source.commit,
    ]),
    source.mode === 'tree'
      ? git(source.path, ['status', '--porcelain', '--untracked-files=all', '--no-renames', '-z'])
      : '',
  ]);
  if (committed === null || lying === null) return null;
  const names = lying
    .split('\0')
    .filter((entry) => entry !== '')
    .map((entry) => entry.slice('XY '.length));
  return [...new Set([...committed.split('\0').filter((name) => name !== ''), ...names])];
}

/** What the command printed, or null when it failed or there is no git. */
async function git(directory: string, args: readonly string[]): Promise<string | null> {
  try {
    // A hook or a file watcher named in the repository's configuration must not run.
    const { stdout } = await run(
      'git',
      ['-c', 'core.fsmonitor=false', '-c', 'core.hooksPath=/dev/null', ...args],
      {
        cwd: directory,
        env: { ...process.env, GIT_OPTIONAL_LOCKS: '0', GIT_TERMINAL_PROMPT: '0' },
        maxBuffer: 256 * 1024 * 1024,
      },
    );
    return stdout;
  } catch {
    return null;
  }
}
