import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { resolve } from 'node:path';
import { getSystemErrorMessage } from 'node:util';

import { StartError } from '../contract.ts';

/** Where a number has two names, the first one: EAGAIN, not EWOULDBLOCK. */
const CODE_OF: ReadonlyMap<number, string> = new Map(
  Object.entries(constants.errno)
    .reverse()
    .map(([code, number]) => [number, code]),
);

/** The first reason why this cannot be given to any system, or null. */
export function impossibleStart(
  command: readonly string[],
  directory: string,
  environment: Readonly<Record<string, string>>,
): StartError | null {
  if (command.length === 0 || command[0] === '') return new StartError('EINVAL', 'the command is empty');
  if ([...command, directory].some((text) => text.includes('\0'))) {
    return new StartError('EINVAL', 'the command or its directory holds a NUL character');
  }
  for (const [name, value] of Object.entries(environment)) {
    if (name === '' || /[=\0]/.test(name)) {
      return new StartError(
        'EINVAL',
        `the environment variable name ${JSON.stringify(name)} is not possible`,
      );
    }
    if (value.includes('\0')) {
      return new StartError('EINVAL', `the environment variable ${name} holds a NUL character`);
    }
  }
  return null;
}

/** What the supervisor reported, as a sentence with its cause. `stage` is what it was doing, `errno` the system's number. */
export function startErrorOf(stage: string, errno: number, program: string, directory: string): StartError {
  const code = CODE_OF.get(errno) ?? `errno ${errno}`;
  return new StartError(code, sentence(stage, code, errno, program, directory));
}

function sentence(stage: string, code: string, errno: number, program: string, directory: string): string {
  const cause = CODE_OF.has(errno) ? getSystemErrorMessage(-errno) : code;
  if (code === 'EMFILE' || code === 'ENFILE') return `too many files are open to start ${program} (${code})`;
  if (stage === 'fork') return `could not start ${program}: process limit reached (${code})`;
  if (stage === 'directory') return `the directory ${directory} cannot be entered: ${cause}`;
  if (stage !== 'program') return `could not prepare the ${stage} of ${program}: ${cause}`;
  if (code === 'E2BIG') return `the arguments and the environment of ${program} are too long together`;
  if (code === 'EACCES') return `${program} is not executable, or its folder may not be searched`;
  if (code !== 'ENOENT') return `could not start ${program}: ${cause}`;
  return program.includes('/') && existsSync(resolve(directory, program))
    ? `${program} names an interpreter in its first line that does not exist`
    : `there is no program ${program}`;
}
