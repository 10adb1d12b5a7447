import { execFile } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** The command line of Docker, or of Podman, which takes the same words. */
export interface Docker {
  /** Absolute path of the program. */
  readonly program: string;
  /** The whole environment that it gets: where the engine is, and nothing of a job. */
  readonly environment: Readonly<Record<string, string>>;
  /** Calls it once. A failing call is a value; rejects only when the program cannot be started. */
  call(words: readonly string[], options?: CallOptions): Promise<DockerAnswer>;
}

export interface CallOptions {
  /** Standard input. */
  readonly input?: string;
  readonly timeoutMs?: number;
  /** Beside the usual environment. */
  readonly environment?: Readonly<Record<string, string>>;
}

export interface DockerAnswer {
  /** 0: done. */
  readonly code: number;
  /** Standard output without white space at its ends. */
  readonly output: string;
  /** Standard error the same way. */
  readonly complaint: string;
}

/** An engine that does not answer must not hold a job for ever. */
const CALL_TIMEOUT_MS = 120_000;
const OUTPUT_BYTES_MAX = 16 * 1024 * 1024;

/** What tells the program where its engine is. */
const PASSED = /^(PATH|HOME|XDG_RUNTIME_DIR|XDG_CONFIG_HOME|(DOCKER|CONTAINERS?)_[A-Z_]+)$/;

/** The program `docker`, else `podman`, on the PATH of this environment; null when there is neither. */
export function findDocker(environment: Readonly<Record<string, string | undefined>>): Docker | null {
  const folders = (environment.PATH ?? '').split(delimiter).filter((folder) => folder.startsWith('/'));
  const places = ['docker', 'podman'].flatMap((name) => folders.map((folder) => join(folder, name)));
  const program = places.find(isExecutable);
  if (program === undefined) return null;
  const passed = Object.entries(environment).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && PASSED.test(entry[0]),
  );
  const own = { ...Object.fromEntries(passed), DOCKER_CLI_HINTS: 'false' };
  return {
    program,
    environment: own,
    call: (words, options = {}) => call(program, words, { ...own, ...options.environment }, options),
  };
}

function call(
  program: string,
  words: readonly string[],
  environment: Readonly<Record<string, string>>,
  { input, timeoutMs = CALL_TIMEOUT_MS }: CallOptions,
): Promise<DockerAnswer> {
  return new Promise((resolve, reject) => {
    const options = {
      env: environment,
      timeout: timeoutMs,
      killSignal: 'SIGKILL',
      maxBuffer: OUTPUT_BYTES_MAX,
    } as const;
    const child = execFile(program, words, options, (error, stdout, stderr) => {
      const [output, complaint] = [stdout.trim(), stderr.trim()];
      if (error === null) return resolve({ code: 0, output, complaint });
      if (typeof error.code === 'number') return resolve({ code: error.code, output, complaint });
      if (!error.killed) return reject(error);
      const late = `the container engine did not answer in ${timeoutMs / 1000} s`;
      resolve({ code: -1, output, complaint: late });
    });
    // It may end without reading it.
    child.stdin?.on('error', () => {});
    child.stdin?.end(input ?? '');
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
