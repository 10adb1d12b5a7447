import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const require = createRequire(import.meta.url);
const PROGRAM = require.resolve('gitlab-ci-local');

/** How a job came out, and what its steps printed. */
export interface JobResult {
  readonly outcome: 'succeeded' | 'failed' | 'warned';
  readonly lines: readonly string[];
}

/** Jobs by name, those of a matrix with the values of their combination: `test (24, linux)`. */
export type Results = Readonly<Record<string, JobResult>>;

const OUTCOMES = { PASS: 'succeeded', FAIL: 'failed', WARN: 'warned' } as const;

/** Runs the GitLab pipeline of a repository on this machine, as a push to its branch would, each job in a copy of its own. */
export async function runGitlab(repository: string): Promise<Results> {
  const text = await output(repository);
  const end = text.slice(text.search(/^ (?:PASS|FAIL|WARN) {2}/m));
  const results: Record<string, { outcome: JobResult['outcome']; lines: string[] }> = {};
  for (const [, word, name] of end.matchAll(/^ (PASS|FAIL|WARN) {2}(.*?)(?: {2}.*| *)$/gm))
    results[nameOf(name!)] = { outcome: OUTCOMES[word as keyof typeof OUTCOMES], lines: [] };
  for (const [, name, line] of text.matchAll(/^(\S.*?) +> (.*)$/gm))
    results[nameOf(name!)]?.lines.push(line!);
  if (Object.keys(results).length === 0) throw new Error(text);
  return results;
}

/** `test: [24,linux]` -> `test (24, linux)`. */
function nameOf(name: string): string {
  const [, job, values] = /^(.*): \[(.*)\]$/.exec(name) ?? [];
  return job === undefined ? name : `${job} (${values!.split(',').join(', ')})`;
}

function output(repository: string): Promise<string> {
  const environment = {
    PATH: process.env.PATH,
    HOME: join(repository, '..'),
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_CONFIG_NOSYSTEM: '1',
  };
  return new Promise((resolve) => {
    // It ends with 1 when a job failed, which is a result.
    execFile(
      process.execPath,
      [PROGRAM, '--shell-isolation', '--no-color', '--max-job-name-padding', '0'],
      { cwd: repository, env: environment, encoding: 'utf8' },
      (_, stdout, stderr) => resolve(stdout + stderr),
    );
  });
}
