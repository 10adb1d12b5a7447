import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { killProcess, processesOf } from './processes.ts';

const SSHD = '/usr/sbin/sshd';

/** What is missing for OpenSSH's client programs on this machine; null: nothing. */
export function missingForSsh(): string | null {
  return existsSync('/usr/bin/ssh-keygen') ? null : 'apt-get install openssh-client';
}

/** What is missing for an SSH server on this machine; null: nothing. */
export function missingForSshd(): string | null {
  return existsSync(SSHD) ? missingForSsh() : 'apt-get install openssh-server';
}

/** A real sshd on the loopback, with keys of its own. */
export interface Sshd {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** Its public key, as a definition names it. */
  readonly hostKey: string;
  /** A private key that it accepts. */
  readonly privateKey: string;
  /** Ends all connections at once; it goes on listening. */
  cut(): void;
  stop(): Promise<void>;
}

/** Starts sshd on a port, with its files in `folder`. To be stopped by the caller. */
export async function startSshd(folder: string, port: number, host = '127.0.0.1'): Promise<Sshd> {
  mkdirSync(folder, { recursive: true });
  for (const name of ['host', 'user']) makeKey(join(folder, name));
  writeFileSync(join(folder, 'authorized'), readFileSync(join(folder, 'user.pub')));
  const config = [
    `Port ${port}`,
    `ListenAddress ${host}`,
    `HostKey ${folder}/host`,
    `AuthorizedKeysFile ${folder}/authorized`,
    'PidFile none',
    'StrictModes no',
    'UsePAM no',
    'PasswordAuthentication no',
    'KbdInteractiveAuthentication no',
    'PermitRootLogin prohibit-password',
    'MaxStartups 100',
  ];
  writeFileSync(join(folder, 'config'), `${config.join('\n')}\n`);
  // Where it keeps its unprivileged part; Debian's own service makes it at each start.
  if (process.getuid?.() === 0) mkdirSync('/run/sshd', { recursive: true });
  const daemon = spawn(SSHD, ['-D', '-e', '-f', join(folder, 'config')], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  daemon.stderr.on('data', (chunk) => {
    said += chunk;
  });
  const gone = once(daemon, 'exit');
  while (!(await answers(host, port))) {
    if (daemon.exitCode !== null) throw new Error(`sshd did not start: ${said}`);
    await delay(20);
  }
  const cut = () => {
    for (const pid of childrenOf(daemon)) killProcess(pid);
  };
  return {
    host,
    port,
    user: userInfo().username,
    hostKey: readFileSync(join(folder, 'host.pub'), 'utf8').trim(),
    privateKey: readFileSync(join(folder, 'user'), 'utf8'),
    cut,
    stop: async () => {
      daemon.kill('SIGSTOP');
      cut();
      daemon.kill('SIGKILL');
      await gone;
      for (const { pid } of processesOf(folder)) killProcess(pid);
    },
  };
}

/** Makes a key without a passphrase, or with this one: FILE and FILE.pub. */
export function makeKey(file: string, passphrase = ''): void {
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', passphrase, '-C', 'test', '-f', file]);
}

/** One process for each connection. */
function childrenOf({ pid }: ChildProcess): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
}

function answers(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, host);
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}
