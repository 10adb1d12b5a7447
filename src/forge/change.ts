import { execFile } from 'node:child_process';
import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import type { RunSource } from '../journal/run-event.ts';
import type { ChangeOfSource, ChangeReader } from './contract.ts';

const run = promisify(execFile);

const ANCESTORS_MAX = 50;
/** Where the default branch is looked for, when nobody names the target. */
const DEFAULT_TARGETS = ['origin/HEAD', 'origin/main', 'origin/master', 'main', 'master'] as const;
/** Settings that a repository could abuse: neither hooks nor programs that it names may run. */
const SAFE = ['-c', 'core.fsmonitor=false', '-c', 'core.hooksPath=/dev/null', '-c', 'diff.external='];

/** A reader over the git command. */
export function changeReader(): ChangeReader {
  return { changeOf };
}

async function changeOf(
  source: RunSource,
  targets: readonly string[],
  diffArguments: readonly string[],
): Promise<ChangeOfSource | null> {
  const { path, commit, mode, dirty } = source;
  if (commit === null) return null;
  const base = await baseOf(source, targets);
  if (base === null) return null;
  const ancestors = await git(path, [
    'rev-list',
    '--first-parent',
    `--max-count=${ANCESTORS_MAX}`,
    '--end-of-options',
    base,
    '--',
  ]);
  const diff =
    mode === 'tree' && dirty
      ? await treeDiff(path, base, diffArguments)
      : await git(path, [...diffArguments, base, commit, '--']);
  if (ancestors === null || diff === null) return null;
  return { base, ancestors: ancestors.split('\n').filter((line) => line !== ''), diff };
}

async function baseOf(
  { path, commit, mode, dirty }: RunSource,
  targets: readonly string[],
): Promise<string | null> {
  for (const name of targets.length === 0 ? DEFAULT_TARGETS : targets) {
    const at = await commitOf(path, name);
    if (at === null) continue;
    const base = (await git(path, ['merge-base', '--end-of-options', at, commit!]))?.trim() || null;
    if (base !== commit) return base;
    // On the target branch itself the change is what lies there, or else the last commit.
    return mode === 'tree' && dirty ? commit : await commitOf(path, `${commit}^1`);
  }
  return null;
}

async function commitOf(path: string, name: string): Promise<string | null> {
  const found = await git(path, ['rev-parse', '--verify', '--quiet', '--end-of-options', `${name}^{commit}`]);
  return found?.trim() || null;
}

/** Of a work tree with all its files, also those that git does not know yet. An index beside the real one names them. */
async function treeDiff(
  path: string,
  base: string,
  diffArguments: readonly string[],
): Promise<string | null> {
  const found = await git(path, ['rev-parse', '--git-path', 'index', '--git-path', 'objects']);
  const [index, objects] = found?.split('\n') ?? [];
  if (!index || !objects) return null;
  const folder = await mkdtemp(join(tmpdir(), 'sluice-index-'));
  try {
    const copy = join(folder, 'index');
    await copyFile(resolve(path, index), copy);
    // Git keeps an object even of a file that it is only told of.
    const environment = {
      GIT_INDEX_FILE: copy,
      GIT_OBJECT_DIRECTORY: folder,
      GIT_ALTERNATE_OBJECT_DIRECTORIES: resolve(path, objects),
    };
    if ((await git(path, ['add', '--intent-to-add', '--', '.'], environment)) === null) return null;
    return await git(path, [...diffArguments, base, '--'], environment);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** What git printed in `path`; null when it failed or there is no git. No hook and no program that the repository names is run. */
export async function git(
  path: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<string | null> {
  try {
    const { stdout } = await run('git', [...SAFE, ...args], {
      cwd: path,
      env: { ...process.env, GIT_OPTIONAL_LOCKS: '0', GIT_TERMINAL_PROMPT: '0', ...environment },
      maxBuffer: 512 * 1024 * 1024,
    });
    return stdout;
  } catch {
    return null;
  }
}
