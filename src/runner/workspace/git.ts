import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { shellWord } from '../../base/shell-word.ts';
import { JobProblem } from '../problem.ts';

const OUTPUT_BYTES_MAX = 1024 * 1024 * 1024;

/** Whether the folder is the top of a git work tree. */
export function isRepository(path: string): boolean {
  return existsSync(join(path, '.git'));
}

/** A program that a repository names in its configuration, for a hook or to watch files, must not run. */
const SAFE = ['-c', 'core.fsmonitor=false', '-c', 'core.hooksPath=/dev/null'];

/**
 * Runs git in `repository` and returns what it prints. `options`: words before the command. Throws a `JobProblem` with
 * git's own words.
 */
export async function git(
  repository: string,
  arguments_: readonly string[],
  indexFile?: string,
  options: readonly string[] = [],
): Promise<Buffer> {
  return execute(
    `git ${arguments_[0]} in ${repository}`,
    'git',
    [...SAFE, ...options, '-C', repository, ...arguments_],
    indexFile,
  );
}

/**
 * Runs two git commands, one after the other, in one process of ours: starting a process costs us milliseconds on the event
 * loop, and git itself little. Throws as `git` does.
 */
export async function gitTwice(
  repository: string,
  first: readonly string[],
  second: readonly string[],
): Promise<readonly [Buffer, Buffer]> {
  const border = randomBytes(16).toString('hex');
  const run = (words: readonly string[]) =>
    `git ${[...SAFE, '-C', repository, ...words].map(shellWord).join(' ')}`;
  const output = await execute(`git ${first[0]} in ${repository}`, 'sh', [
    '-c',
    `${run(first)} && printf ${border} && ${run(second)}`,
  ]);
  const at = output.indexOf(border);
  return [output.subarray(0, at), output.subarray(at + border.length)];
}

function execute(
  what: string,
  program: string,
  arguments_: readonly string[],
  indexFile?: string,
): Promise<Buffer> {
  const environment: NodeJS.ProcessEnv = { GIT_OPTIONAL_LOCKS: '0', GIT_TERMINAL_PROMPT: '0', LC_ALL: 'C' };
  // A hook may have called us with GIT_DIR and the like set; only what git needs to find itself is passed on.
  for (const name of ['PATH', 'HOME', 'XDG_CONFIG_HOME', 'SSL_CERT_FILE'])
    environment[name] = process.env[name];
  if (indexFile) environment.GIT_INDEX_FILE = indexFile;
  return new Promise((resolve, reject) => {
    execFile(
      program,
      [...arguments_],
      { encoding: 'buffer', maxBuffer: OUTPUT_BYTES_MAX, env: environment },
      (error, stdout, stderr) => {
        if (!error) return resolve(stdout);
        const words = stderr.toString().trim().split('\n').at(-1) || error.message;
        reject(new JobProblem(`${what} failed: ${words}`));
      },
    );
  });
}
