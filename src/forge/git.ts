import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { realpathSync } from 'node:fs';
import process from 'node:process';
import { promisify } from 'node:util';
import { shellWord } from '../base/shell-word.ts';
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
  const revision = commit === null ? 'HEAD' : `${commit}^{commit}`;
  const [top, log, status, origin] = await gitAll(directory, [
    ['rev-parse', '--show-toplevel'],
    ['log', '-1', '--format=%H%x00%ct%x00%D', '--end-of-options', revision, '--'],
    ['status', '--porcelain=v2', '--branch', '--untracked-files=normal', '-z'],
    ['config', '--get', 'remote.origin.url'],
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
  const [committed = null, status = null] = await gitAll(source.path, [
    [
      'diff-tree',
      '-r',
      '-z',
      '--root',
      '--no-commit-id',
      '--name-only',
      '--diff-merges=first-parent',
      '--end-of-options',
      source.commit,
    ],
    ['status', '--porcelain', '--untracked-files=all', '--no-renames', '-z'],
  ]);
  const lying = source.mode === 'tree' ? status : '';
  if (committed === null || lying === null) return null;
  const names = lying
    .split('\0')
    .filter((entry) => entry !== '')
    .map((entry) => entry.slice('XY '.length));
  return [...new Set([...committed.split('\0').filter((name) => name !== ''), ...names])];
}

/** Settings that a repository could abuse: a hook or a file watcher named in its configuration must not run. */
const SAFE = ['git', '-c', 'core.fsmonitor=false', '-c', 'core.hooksPath=/dev/null'];

/**
 * What the commands printed, each null when it failed or there is no git. One shell runs them all: starting a process
 * costs us some milliseconds on the event loop, and git itself little.
 */
async function gitAll(
  directory: string,
  commands: readonly (readonly string[])[],
): Promise<readonly (string | null)[]> {
  const border = randomBytes(16).toString('hex');
  const script = commands
    .map((args) => `${[...SAFE, ...args].map(shellWord).join(' ')}; printf '${border}%d\n' $?`)
    .join('\n');
  const { stdout } = await run('sh', ['-c', script], {
    cwd: directory,
    env: { ...process.env, GIT_OPTIONAL_LOCKS: '0', GIT_TERMINAL_PROMPT: '0' },
    maxBuffer: 256 * 1024 * 1024,
  });
  const parts = stdout.split(new RegExp(`${border}(\\d+)\n`));
  return commands.map((_, index) => (parts[index * 2 + 1] === '0' ? parts[index * 2]! : null));
}
