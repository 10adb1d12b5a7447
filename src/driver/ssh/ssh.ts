import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';

import { type ExchangeEnd, exchange, passedEnvironment } from '../exchange.ts';
import {
  connectionProblem,
  destinationProblem,
  knownHostsOf,
  type SshDestination,
  type SshFiles,
  sshWords,
} from './destination.ts';
import { readPrivateKey } from './private-key.ts';

/** Commands on one host, over one connection that all of them share. */
export interface Ssh {
  /**
   * Runs a command for the user's login shell there. When its time is over the connection's end of it is closed. Never rejects.
   */
  run(command: string, input: Uint8Array, content: Readable | null, timeoutMs: number): Promise<SshEnd>;
  /** Ends the connection. What runs on the host goes on. */
  close(): Promise<void>;
}

export type SshEnd =
  /** There was no connection, so nothing was started. `reason` ends with what to do. */
  | { readonly outcome: 'unconnected'; readonly reason: string }
  /** The connection broke, or the time was over: nobody knows how far it came. */
  | { readonly outcome: 'broken'; readonly output: Buffer; readonly reason: string }
  | {
      readonly outcome: 'ended';
      readonly output: Buffer;
      readonly complaint: string;
      readonly code: number;
    };

export interface SshOptions extends SshDestination {
  /** Gives the text of the private key when a connection is made, or a sentence why not; null: the user's keys and agent. */
  readonly key: (() => Promise<{ readonly text: string } | { readonly problem: string }>) | null;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

const NO_SSH = 'the program ssh is missing; install it (Debian: `apt-get install openssh-client`)';
/** To log in, and to check a login. */
const CONNECT_MS = 30_000;
const PASSED = ['PATH', 'HOME', 'USER', 'LOGNAME', 'LANG', 'SSH_AUTH_SOCK'];
/** What ssh ends with when the connection fails; a command can end with it too. */
const CONNECTION_FAILED = 255;

/** Connects when the first command comes. Files of the connection lie in a private folder until `close`. */
export function openSsh(options: SshOptions): Ssh {
  const environment = passedEnvironment(options.environment, PASSED);
  let folder: string | null = null;
  let connecting: Promise<string | null> | null = null;
  let isClosed = false;

  const files = (): SshFiles => {
    folder ??= privateFolder();
    return {
      socket: join(folder, 's'),
      key: options.key === null ? null : join(folder, 'key'),
      knownHosts: join(folder, 'known'),
    };
  };
  const call = (words: readonly string[], input: Uint8Array, content: Readable | null, timeoutMs: number) =>
    exchange('ssh', words, { environment, input, content, timeoutMs, onLate: 'kill' });

  /** Why there is no connection; null: there is one. */
  const connect = async (timeoutMs: number): Promise<string | null> => {
    if (isClosed) return 'the target was closed; open it again';
    const { socket, key, knownHosts } = files();
    if (existsSync(socket)) return null;
    const problem = destinationProblem(options);
    if (problem !== null) return problem;
    if (options.hostKey !== null) writeFileSync(knownHosts!, knownHostsOf(options.hostKey), { mode: 0o600 });
    if (options.key !== null) {
      const read = await options.key();
      const usable = 'text' in read ? readPrivateKey(read.text) : read;
      if ('problem' in usable) return `the key for ${options.host} ${usable.problem}`;
      writeFileSync(key!, usable.text, { mode: 0o600 });
    }
    // Understood by every login shell.
    const end = await call(sshWords(options, files(), 'exit 0', true), EMPTY, null, timeoutMs);
    // Only the connection that is there now needed it.
    if (key !== null) rmSync(key, { force: true });
    if (end.outcome === 'missing') return NO_SSH;
    if (end.outcome === 'late') return connectionProblem('timed out', options);
    return end.code === 0 ? null : connectionProblem(end.complaint, options);
  };

  return {
    run: async (command, input, content, timeoutMs) => {
      const untilMs = performance.now() + timeoutMs;
      connecting ??= connect(Math.min(timeoutMs, CONNECT_MS)).finally(() => {
        connecting = null;
      });
      const problem = await connecting;
      const leftMs = untilMs - performance.now();
      if (problem !== null || leftMs <= 0) {
        content?.destroy();
        return { outcome: 'unconnected', reason: problem ?? connectionProblem('timed out', options) };
      }
      const end = await call(sshWords(options, files(), command, false), input, content, leftMs);
      // The connection may be dead without knowing it yet; the next command makes a new one.
      const mayBeDead = end.outcome === 'late' || end.code === CONNECTION_FAILED;
      if (mayBeDead && !isClosed) await disconnect(options, files(), call);
      return endOf(end, options);
    },
    close: async () => {
      isClosed = true;
      await connecting;
      if (folder === null) return;
      await disconnect(options, files(), call);
      rmSync(folder, { recursive: true, force: true });
      folder = null;
    },
  };
}

const EMPTY = new Uint8Array();

function endOf({ outcome, code, output, complaint }: ExchangeEnd, { host, port }: SshDestination): SshEnd {
  if (outcome === 'missing') return { outcome: 'unconnected', reason: NO_SSH };
  if (outcome === 'late')
    return { outcome: 'broken', output, reason: `${host}:${port} did not answer in time` };
  if (code === null || code === CONNECTION_FAILED)
    return { outcome: 'broken', output, reason: `the connection to ${host}:${port} broke` };
  return { outcome: 'ended', output, complaint, code };
}

async function disconnect(
  destination: SshDestination,
  files: SshFiles,
  call: (words: readonly string[], input: Uint8Array, content: null, timeoutMs: number) => Promise<unknown>,
): Promise<void> {
  if (!existsSync(files.socket)) return;
  const words = sshWords(destination, files, '', false);
  await call(['-O', 'exit', ...words.slice(0, -1)], EMPTY, null, 5000);
  rmSync(files.socket, { force: true });
}

/** Short, because the path of a socket may have 108 bytes. It goes with the process at the latest when the next one makes its own. */
function privateFolder(): string {
  const base = tmpdir().length < 60 ? tmpdir() : '/tmp';
  for (const name of readdirSync(base)) {
    const owner = /^sluice-ssh-(\d+)-/.exec(name)?.[1];
    if (owner !== undefined && !isAlive(Number(owner))) removeFolder(join(base, name));
  }
  return mkdtempSync(join(base, `sluice-ssh-${process.pid}-`));
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

/** That of another user stays. */
function removeFolder(folder: string): void {
  try {
    rmSync(folder, { recursive: true, force: true });
  } catch {}
}
