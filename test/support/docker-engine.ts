import { type ChildProcessByStdio, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';

import { type Docker, findDocker } from '../../src/driver/docker/docker.ts';
import { which } from '../../src/machine/program.ts';

/** An engine of a test's own, with images made from local files. */
export interface TestEngine {
  /** With the address of the engine in it. */
  readonly environment: Readonly<Record<string, string>>;
  readonly docker: Docker;
  /** Ends the engine with all that it holds. */
  stop(): Promise<void>;
}

/** One in a network of its own. */
export interface DockerEngine extends TestEngine {
  /** Runs a program where the engine's ports are, and returns what it prints. */
  inNetwork(program: string, words: readonly string[]): string;
  /** Starts a program there; to be ended by the caller. */
  startInNetwork(program: string, words: readonly string[]): ChildProcessByStdio<null, Readable, null>;
}

/** With a shell and the usual small programs. */
export const IMAGE = 'sluice-test:1';
const APPLETS = ['cat', 'chmod', 'dd', 'env', 'head', 'httpd', 'id', 'ls', 'mkdir', 'mkfifo', 'nc', 'ps'];
const MORE_APPLETS = ['rm', 'sed', 'sh', 'sleep', 'stty', 'tail', 'touch', 'tr', 'true', 'wc', 'wget'];
const START_LIMIT_MS = 60_000;

/** What is missing for an engine on this machine; null: nothing. */
export async function missingForDocker(): Promise<string | null> {
  if (process.getuid?.() !== 0) return 'run as root';
  const programs = {
    dockerd: 'docker.io',
    docker: 'docker.io',
    busybox: 'busybox-static',
    unshare: 'util-linux',
  };
  for (const [program, pack] of Object.entries(programs)) {
    if ((await which(program)) === null) return `apt-get install ${pack}`;
  }
  return null;
}

/** Starts an engine, and makes the image. To be stopped by the caller. */
export async function startDockerEngine(): Promise<DockerEngine> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'sluice-docker-')));
  const socket = join(folder, 'socket');
  const log = openSync(join(folder, 'log'), 'w');
  const words = ['--storage-driver=vfs', `--data-root=${folder}/data`, `--exec-root=${folder}/exec`];
  const command = ['dockerd', ...words, `--host=unix://${socket}`, `--pidfile=${folder}/pid`];
  const script = 'busybox ip link set lo up && exec "$@"';
  const daemon = spawn('unshare', ['--net', '--', 'sh', '-c', script, 'sh', ...command], {
    stdio: ['ignore', log, log],
  });
  const gone = once(daemon, 'exit');
  const network = `--net=/proc/${daemon.pid}/ns/net`;
  const environment = { PATH: process.env.PATH ?? '', HOME: folder, DOCKER_HOST: `unix://${socket}` };
  const docker = findDocker(environment)!;
  const stop = async () => {
    daemon.kill('SIGTERM');
    await gone;
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const untilMs = performance.now() + START_LIMIT_MS;
    while (!existsSync(socket) || (await docker.call(['version'])).code !== 0) {
      if (daemon.exitCode !== null || performance.now() > untilMs) {
        throw new Error(`dockerd did not start: ${readFileSync(join(folder, 'log'), 'utf8').slice(-2000)}`);
      }
      await delay(50);
    }
    await makeTestImage(docker, folder);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    environment,
    docker,
    inNetwork: (program, rest) => execFileSync('nsenter', [network, program, ...rest], { encoding: 'utf8' }),
    startInNetwork: (program, rest) =>
      spawn('nsenter', [network, program, ...rest], { stdio: ['ignore', 'pipe', 'inherit'] }),
    stop,
  };
}

/** Makes the image of the tests from files of this machine; `folder` is scratch. */
export async function makeTestImage(docker: Docker, folder: string): Promise<void> {
  const root = join(folder, 'root');
  for (const name of ['bin', 'etc', 'tmp']) mkdirSync(join(root, name), { recursive: true });
  copyFileSync((await which('busybox'))!, join(root, 'bin', 'busybox'));
  for (const name of [...APPLETS, ...MORE_APPLETS]) symlinkSync('busybox', join(root, 'bin', name));
  writeFileSync(
    join(root, 'etc', 'passwd'),
    'root:x:0:0:root:/:/bin/sh\nworker:x:1234:1234:worker:/:/bin/sh\n',
  );
  execFileSync('tar', ['-C', root, '-cf', join(folder, 'root.tar'), '.']);
  const words = ['import', '--change', 'ENV FROM_IMAGE=yes', join(folder, 'root.tar'), IMAGE];
  const { code, complaint } = await docker.call(words);
  if (code !== 0) throw new Error(complaint);
}
