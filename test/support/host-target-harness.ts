import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import type { Target } from '../../src/delivery/target/contract.ts';
import { openProcessTarget } from '../../src/delivery/target/process/process-target.ts';
import { openSshTarget, type SshTargetOptions } from '../../src/delivery/target/ssh/ssh-target.ts';
import type { TargetCall, TargetHarness } from '../contract/target.contract.ts';
import { killProcess, type ProcessSeen, processesOf } from './processes.ts';
import { type Sshd, startSshd } from './sshd.ts';

const CALLER = fileURLToPath(new URL('./target-caller.ts', import.meta.url));

/** What a process needs to open the same target. */
export type TargetOpening =
  | { readonly kind: 'process'; readonly directory: string; readonly ports: { first: number; last: number } }
  | {
      readonly kind: 'ssh';
      readonly options: Omit<SshTargetOptions, 'secret' | 'environment'>;
      readonly secrets: Readonly<Record<string, string>>;
    };

/** Targets on this machine, in folders of the test. */
export async function processTargetHarness(folder: string): Promise<TargetHarness> {
  const first = await freePorts(4);
  const directory = join(folder, 'target');
  const opening = { kind: 'process', directory, ports: { first, last: first + 3 } } as const;
  return {
    ...hostHarness(folder, directory, () => opening),
    open: () => openTarget(opening),
  };
}

export interface SshHarness extends TargetHarness {
  readonly sshd: Sshd;
}

/** The same target at the other end of an SSH connection to this machine. */
export async function sshTargetHarness(folder: string): Promise<SshHarness> {
  const first = await freePorts(5);
  const directory = join(folder, 'target');
  const sshd = await startSshd(join(folder, 'sshd'), first + 4);
  const { host, port, user, hostKey } = sshd;
  const opening: TargetOpening = {
    kind: 'ssh',
    options: {
      directory,
      hosts: [{ host, port, user, hostKey, key: 'DEPLOY_KEY' }],
      ports: { first, last: first + 3 },
      systemd: false,
      keepReleases: 1,
    },
    secrets: { DEPLOY_KEY: sshd.privateKey },
  };
  const shared = hostHarness(folder, directory, () => opening);
  return {
    ...shared,
    sshd,
    open: () => openTarget(opening),
    dispose: async () => {
      await sshd.stop();
      await shared.dispose();
    },
  };
}

/** Opens the target as any process would. */
export function openTarget(opening: TargetOpening): Target {
  const environment = process.env;
  if (opening.kind === 'ssh') {
    const secret = async (name: string) => opening.secrets[name] ?? null;
    return openSshTarget({ ...opening.options, secret, environment });
  }
  const { directory, ports } = opening;
  return openProcessTarget({
    directory,
    hosts: ['localhost'],
    ports,
    systemd: false,
    keepReleases: 1,
    environment,
  });
}

/** What is the same for all targets whose hosts have agents, here in `directory`. */
export function hostHarness(
  folder: string,
  directory: string,
  opening: () => TargetOpening,
): Omit<TargetHarness, 'open'> {
  let builds = 0;
  return {
    build: async (files) => {
      const content = join(folder, `build-${++builds}`);
      for (const [name, text] of Object.entries(files)) {
        mkdirSync(dirname(join(content, name)), { recursive: true });
        writeFileSync(join(content, name), text);
      }
      const digest = createHash('sha256').update(JSON.stringify(files)).digest('hex');
      return { digest: `sha256:${digest}`, content: { kind: 'files', folder: content } };
    },
    serve: 'busybox httpd -f -p "$PORT" -h www',
    shared: folder,
    get: async (address, path) => {
      const answer = await fetch(`http://${address}${path}`).catch(() => null);
      await answer?.body?.cancel();
      return answer?.status ?? null;
    },
    callAndCrash: (call, until) => callAndCrash(folder, opening(), call, until),
    damage: async (digest) =>
      appendFileSync(join(directory, 'releases', digest.replaceAll(':', '-'), 'files', 'www', 'health'), '!'),
    dispose: async () => {
      // Supervisors first: they would start again what they lose.
      const isOurs = ({ command }: ProcessSeen) => command.startsWith('sluice: ');
      for (let tries = 0; tries < 20 && processesOf(folder).length > 0; tries++) {
        const all = processesOf(folder);
        for (const { pid } of [...all.filter(isOurs), ...all]) killProcess(pid);
        await delay(50);
      }
    },
  };
}

/** The first of so many free ports in a row, below those that the system gives to clients. */
export async function freePorts(count: number): Promise<number> {
  for (;;) {
    const first = 15_000 + Math.floor(Math.random() * 15_000);
    const all = Array.from({ length: count }, (_, index) => isFree(first + index));
    if ((await Promise.all(all)).every(Boolean)) return first;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.on('error', () => resolve(false));
    server.listen(port, () => server.close(() => resolve(true)));
  });
}

async function callAndCrash(
  folder: string,
  opening: TargetOpening,
  call: TargetCall,
  until: () => boolean,
): Promise<void> {
  const caller = spawn(process.execPath, [CALLER, JSON.stringify(opening), JSON.stringify(call)], {
    stdio: ['ignore', 'ignore', 'inherit'],
    // What it leaves behind goes with the test.
    env: { ...process.env, TMPDIR: folder },
  });
  const gone = once(caller, 'exit');
  while (caller.exitCode === null && !until()) await delay(20);
  caller.kill('SIGKILL');
  await gone;
}
