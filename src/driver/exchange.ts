import { spawn } from 'node:child_process';
import type { Readable } from 'node:stream';

export interface ExchangeOptions {
  /** The program's whole environment. */
  readonly environment: Readonly<Record<string, string>>;
  readonly input: Uint8Array;
  /** Follows the input; is destroyed in the end. */
  readonly content: Readable | null;
  readonly timeoutMs: number;
  /** What becomes of the program when its time is over: it goes on without us, or is killed. */
  readonly onLate: 'leave' | 'kill';
}

export interface ExchangeEnd {
  readonly output: Buffer;
  /** The last 4000 characters of standard error. */
  readonly complaint: string;
  /** null: killed by a signal, or not known. */
  readonly code: number | null;
  /** `missing`: there is no such program. */
  readonly outcome: 'ended' | 'late' | 'missing';
}

/** Passes on what a caller's environment has of these names. */
export function passedEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
  names: readonly string[],
): Record<string, string> {
  return Object.fromEntries(
    names.flatMap((name): [string, string][] => {
      const value = environment[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

/**
 * Starts a program in a session of its own, so that no signal of the caller's terminal reaches it, gives it the input and takes its
 * output. Never rejects.
 */
export function exchange(
  program: string,
  words: readonly string[],
  { environment, input, content, timeoutMs, onLate }: ExchangeOptions,
): Promise<ExchangeEnd> {
  return new Promise((resolve) => {
    const child = spawn(program, words, {
      cwd: '/',
      detached: true,
      env: environment,
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    const chunks: Buffer[] = [];
    let complaint = '';
    const end = (outcome: ExchangeEnd['outcome'], code: number | null) => {
      clearTimeout(timer);
      content?.destroy();
      resolve({ output: Buffer.concat(chunks), complaint, code, outcome });
    };
    const timer = setTimeout(() => {
      for (const stream of [child.stdin, child.stdout, child.stderr]) stream.destroy();
      if (onLate === 'kill') child.kill('SIGKILL');
      child.unref();
      end('late', null);
    }, timeoutMs);
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => {
      complaint = (complaint + chunk).slice(-4000);
    });
    child.on('error', () => end('missing', null));
    child.on('close', (code) => end('ended', code));
    // The program may have ended without reading it all.
    child.stdin.on('error', () => {});
    child.stdin.write(input);
    if (content === null) child.stdin.end();
    else {
      // Cut off, it is found incomplete.
      content.on('error', () => child.stdin.destroy());
      content.pipe(child.stdin);
    }
  });
}
