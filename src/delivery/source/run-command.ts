import { spawn } from 'node:child_process';
import process from 'node:process';
import { visible } from '../../base/text.ts';

const BYTES_MAX = 64 * 1024;

/** Where commands of sources run. */
export interface CommandPlace {
  /** Such as the repository. */
  readonly folder: string;
  /** All the variables that they see. */
  readonly environment: Readonly<Record<string, string>>;
}

export type CommandHeard =
  | { readonly kind: 'ended'; readonly code: number; readonly output: string; readonly lastError: string }
  /** It could not be asked, or not in time. */
  | { readonly kind: 'problem'; readonly problem: string };

/** Runs a command by `sh` and waits for its end. Its whole process group is gone afterwards. */
export function runCommand(run: string, place: CommandPlace, timeoutMs: number): Promise<CommandHeard> {
  const { promise, resolve } = Promise.withResolvers<CommandHeard>();
  const child = spawn('sh', ['-c', run], {
    cwd: place.folder,
    env: { ...place.environment },
    stdio: ['ignore', 'pipe', 'pipe'],
    // A group of its own, so that what it started can be ended with it.
    detached: true,
  });
  const end = (heard: CommandHeard) => {
    clearTimeout(timer);
    endGroup(child.pid);
    child.stdout.destroy();
    child.stderr.destroy();
    resolve(heard);
  };
  const timer = setTimeout(() => {
    end({ kind: 'problem', problem: `does not end within ${timeoutMs} ms; make it quicker` });
  }, timeoutMs);
  let output = '';
  let errors = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
    if (output.length > BYTES_MAX)
      end({ kind: 'problem', problem: 'prints more than 64 KiB; print the figure alone' });
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors = `${errors}${text}`.slice(-BYTES_MAX);
  });
  child.on('error', ({ message }) => {
    end({
      kind: 'problem',
      problem: `cannot be started (${visible(message)}); see whether its folder is there`,
    });
  });
  // What it left in its group must not hold the pipes open.
  child.on('exit', () => endGroup(child.pid));
  child.on('close', (code, signal) => {
    if (code === null) end({ kind: 'problem', problem: `was ended by ${signal}; see why` });
    else if (code === 126 || code === 127)
      end({
        kind: 'problem',
        problem: `cannot be run (exit code ${code}); see whether its program is there`,
      });
    else end({ kind: 'ended', code, output, lastError: lastLine(errors) });
  });
  return promise;
}

function endGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // Nothing of it is left.
  }
}

function lastLine(text: string): string {
  return visible(text.trimEnd().split('\n').at(-1) ?? '').slice(0, 200);
}
