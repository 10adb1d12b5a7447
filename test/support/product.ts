import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('../../bin/start.cjs', import.meta.url));
const NODE_FOLDER = dirname(process.execPath);
/** What the tests wait for comes within milliseconds; this ends a test that would wait for ever. */
const WAIT_MS = 60_000;

export interface ProductSettings {
  /** Folder of one test; the program's data, its user's home and the repository lie in it. */
  readonly folder: string;
  /** Where the command is typed. */
  readonly cwd: string;
  /** Over the clean environment that the program is given. */
  readonly environment?: Readonly<Record<string, string>>;
}

export interface ProductEnd {
  /** null when a signal ended it. */
  readonly code: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** One command of the real program, in a process of its own. */
export interface Product {
  readonly pid: number;
  readonly ended: Promise<ProductEnd>;
  /** Standard output so far. */
  output(): string;
  /** Resolves when what was printed so far fulfils the condition; throws when the program ends before. */
  until(seen: (output: string, errors: string) => boolean, what: string): Promise<void>;
  /** false when it is over already. */
  kill(signal: NodeJS.Signals): boolean;
}

/** Where the program keeps its data in a test. */
export function homeOf(folder: string): string {
  return join(folder, 'home');
}

/**
 * What the program sees of this machine: the PATH with our Node in front, and folders of the test. Nothing of the person
 * who runs the tests reaches it.
 */
export function productEnvironment(folder: string): Record<string, string> {
  return {
    PATH: `${NODE_FOLDER}:${process.env.PATH ?? '/usr/bin:/bin'}`,
    HOME: join(folder, 'user'),
    SLUICE_HOME: homeOf(folder),
    TMPDIR: folder,
    NODE_COMPILE_CACHE: join(dirname(folder), 'compile-cache'),
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_CONFIG_NOSYSTEM: '1',
  };
}

/** Starts the program with these arguments. It is in no terminal, and its standard input is empty. */
export function startProduct(args: readonly string[], settings: ProductSettings): Product {
  const child = spawn(process.execPath, [PROGRAM, ...args], {
    cwd: settings.cwd,
    env: { ...productEnvironment(settings.folder), ...settings.environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return watched(child, args);
}

/** Runs the program to its end. */
export function runProduct(args: readonly string[], settings: ProductSettings): Promise<ProductEnd> {
  return startProduct(args, settings).ended;
}

function watched(child: ChildProcess, args: readonly string[]): Product {
  let stdout = '';
  let stderr = '';
  let over = false;
  let wake = (): void => {};
  child.stdout!.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    wake();
  });
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
    wake();
  });
  const ended = new Promise<ProductEnd>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      over = true;
      wake();
      resolve({ code, signal, stdout, stderr });
    });
  });
  return {
    pid: child.pid!,
    ended,
    output: () => stdout,
    kill: (signal) => child.kill(signal),
    until: async (seen, what) => {
      const tooLate = AbortSignal.timeout(WAIT_MS);
      while (!seen(stdout, stderr)) {
        const told = `sluice ${args.join(' ')}: ${what} was not seen\nstdout: ${stdout}\nstderr: ${stderr}`;
        if (over || tooLate.aborted) throw new Error(told);
        const change = new Promise<void>((resolve) => {
          wake = resolve;
        });
        await Promise.race([change, delay(1000)]);
      }
    },
  };
}

/** Resolves when the file is there; throws when it does not come. */
export async function untilFile(path: string): Promise<void> {
  const end = Date.now() + WAIT_MS;
  while (!existsSync(path)) {
    if (Date.now() > end) throw new Error(`${path} did not come into being`);
    await delay(15);
  }
}
