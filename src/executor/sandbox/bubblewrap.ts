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
const OLDEST = [0, 8];

/** Finds the program on the given PATH. Throws a `UserError` that says how to get it. */
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
  const version = await versionOf(program);
  const [major, minor] = version.split('.').map(Number);
  if (!(major! > OLDEST[0]! || (major === OLDEST[0] && minor! >= OLDEST[1]!))) {
    throw userError(
      'executor.old-bubblewrap',
      `the sandbox needs bubblewrap ${OLDEST.join('.')} or newer; ${program} is ${version || 'of no known version'}`,
      'apt-get install bubblewrap, on Debian 12 or newer',
      3,
    );
  }
  return { program, version };
}

function versionOf(program: string): Promise<string> {
  return new Promise((resolve) => {
    execFile(program, ['--version'], { env: {} }, (_, stdout) =>
      resolve(/\d+(\.\d+)+/.exec(stdout)?.[0] ?? ''),
    );
  });
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
