import { execFile } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

import { userError } from '../../base/diagnostic.ts';

export interface Bubblewrap {
  /** Absolute path. */
  readonly program: string;
  /** `0.8.0`. */
  readonly version: string;
}

/** `--disable-userns` came with it. */
const OLDEST = [0, 8] as const;

/**
 * Finds the program on the given PATH and makes one sandbox with it, to see that this machine allows that.
 * Throws a `UserError` that says what is missing and how to get it.
 */
export async function findBubblewrap(path: string): Promise<Bubblewrap> {
  const program = path
    .split(delimiter)
    .filter((folder) => folder.startsWith('/'))
    .map((folder) => join(folder, 'bwrap'))
    .find(isExecutable);
  if (program === undefined) {
    throw userError(
      'executor.no-bubblewrap',
      'the sandbox needs bubblewrap; its program `bwrap` was not found',
      'apt-get install bubblewrap',
      3,
    );
  }
  // Tells its version from inside a sandbox: one process for both questions.
  const inside = await outputOf(program, [...ATTEMPT, '--', program, '--version']);
  if (inside.isGood) return { program, version: versionIn(inside.text) };

  const version = versionIn((await outputOf(program, ['--version'])).text);
  const [major, minor] = version.split('.').map(Number);
  if (!(major! > OLDEST[0] || (major === OLDEST[0] && minor! >= OLDEST[1]))) {
    throw userError(
      'executor.old-bubblewrap',
      `the sandbox needs bubblewrap ${OLDEST.join('.')} or newer; ${program} is ${version || 'of no known version'}`,
      'apt-get install bubblewrap, on Debian 12 or newer',
      3,
    );
  }
  throw userError(
    'executor.no-namespaces',
    `bubblewrap cannot make a sandbox on this machine: ${inside.text.trim() || 'it said nothing'}`,
    NAMESPACES,
    3,
  );
}

const ATTEMPT = [
  '--unshare-all',
  '--unshare-user',
  '--disable-userns',
  '--ro-bind',
  '/',
  '/',
  '--proc',
  '/proc',
];

/** What forbids user namespaces on machines whose bubblewrap is there and does not work. */
export const NAMESPACES =
  'allow user namespaces: `sysctl user.max_user_namespaces` is not to be 0, on Ubuntu `sysctl kernel.apparmor_restrict_unprivileged_userns` not 1; a container needs them from its host';

function outputOf(program: string, args: readonly string[]): Promise<{ isGood: boolean; text: string }> {
  return new Promise((resolve) => {
    execFile(program, args, { env: {} }, (error, stdout, stderr) =>
      resolve({ isGood: error === null, text: stdout + stderr }),
    );
  });
}

function versionIn(text: string): string {
  return /\d+(\.\d+)+/.exec(text)?.[0] ?? '';
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
