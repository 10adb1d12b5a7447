import { execFile } from 'node:child_process';
import process from 'node:process';
import { withoutUserInfo } from '../../base/text.ts';

const OUTPUT_BYTES_MAX = 64 * 1024 * 1024;
const TIMEOUT_MS = 120_000;
/** A repository of others must start no program here: no hook, no watcher, no helper that it names. */
const SAFE = [
  ...[
    'core.fsmonitor=false',
    'core.hooksPath=/dev/null',
    'protocol.ext.allow=never',
    'core.attributesFile=/dev/null',
  ],
  ...['fetch.recurseSubmodules=false', 'submodule.recurse=false', 'gc.auto=0', 'maintenance.auto=false'],
  // A forge that sends nothing for so long is not there.
  ...['http.lowSpeedLimit=1', 'http.lowSpeedTime=30'],
].flatMap((setting) => ['-c', setting]);

export interface GitAnswer {
  /** 0: done. */
  readonly code: number;
  readonly output: string;
  /** The last line of what it complains of, without credentials. */
  readonly complaint: string;
}

/** Calls git once. A failing call is a value; also when there is no git. `more`: variables besides the usual ones. */
export function callGit(
  words: readonly string[],
  more: Readonly<Record<string, string>> = {},
): Promise<GitAnswer> {
  const environment: NodeJS.ProcessEnv = { ...process.env, GIT_TERMINAL_PROMPT: '0', LC_ALL: 'C', ...more };
  // A hook may have called us with these set.
  for (const name of ['GIT_DIR', 'GIT_WORK_TREE', 'GIT_OBJECT_DIRECTORY', 'GIT_ALTERNATE_OBJECT_DIRECTORIES'])
    delete environment[name];
  if (more.GIT_INDEX_FILE === undefined) delete environment.GIT_INDEX_FILE;
  const options = { env: environment, maxBuffer: OUTPUT_BYTES_MAX, timeout: TIMEOUT_MS };
  return new Promise((resolve) => {
    execFile('git', [...SAFE, ...words], options, (error, output, complaint) => {
      const code = error ? (typeof error.code === 'number' ? error.code : -1) : 0;
      const last = complaint.trim().split('\n').at(-1) || error?.message || '';
      resolve({ code, output: output.trim(), complaint: withoutUserInfo(last) });
    });
  });
}
