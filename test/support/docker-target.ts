import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Target } from '../../src/delivery/target/contract.ts';
import { openDockerTarget } from '../../src/delivery/target/docker/docker-target.ts';
import { type Docker, findDocker } from '../../src/driver/docker/docker.ts';
import type { TargetHarness } from '../contract/target.contract.ts';
import { type DockerEngine, IMAGE } from './docker-engine.ts';
import { bridgePorts } from './port-bridge.ts';

const CALLER = fileURLToPath(new URL('./docker-target-caller.ts', import.meta.url));
/** Where a release's files are in its image. */
const PLACE = 'srv';

/** What a process needs to open the same target. */
export interface DockerOpening {
  readonly environment: Readonly<Record<string, string>>;
  readonly folder: string;
  readonly ports: { readonly first: number; readonly last: number };
}

/** The target on this engine. Its containers see the folder under its own path, as a test needs it. */
export async function dockerTargetHarness(engine: DockerEngine, folder: string): Promise<TargetHarness> {
  const bridge = await bridgePorts(engine, folder, 4);
  const { first } = bridge;
  const ports = { first, last: first + 3 };
  const opening: DockerOpening = { environment: engine.environment, folder, ports };
  let builds = 0;
  return {
    open: () => openOn(opening),
    build: async (files) => {
      const id = await imageWith(engine, join(folder, `build-${++builds}`), files);
      return { digest: id, content: { kind: 'image', image: id } };
    },
    serve: 'httpd -f -p "$PORT" -h www',
    shared: folder,
    get: async (address, path) => {
      const answer = await fetch(`http://${address}${path}`).catch(() => null);
      await answer?.body?.cancel();
      return answer?.status ?? null;
    },
    callAndCrash: async (call, until) => {
      const child = spawn(process.execPath, [CALLER, JSON.stringify(opening), JSON.stringify(call)], {
        stdio: ['ignore', 'inherit', 'inherit'],
      });
      const exited = once(child, 'exit');
      while (child.exitCode === null && !until()) await delay(10);
      child.kill('SIGKILL');
      await exited;
    },
    damage: async (digest) => {
      const { docker } = engine;
      const listed = await docker.call(['ps', '--all', '--quiet', '--filter', `ancestor=${digest}`]);
      await docker.call(['rm', '--force', ...listed.output.split('\n')]);
      await docker.call(['image', 'rm', '--force', digest]);
    },
    dispose: async () => {
      const filter = ['--filter', `label=sluice.target=${folder}`];
      const { docker } = engine;
      const containers = (await docker.call(['ps', '--all', '--quiet', ...filter])).output;
      if (containers !== '') await docker.call(['rm', '--force', '--volumes', ...containers.split('\n')]);
      const volumes = (await docker.call(['volume', 'ls', '--quiet', ...filter])).output;
      if (volumes !== '') await docker.call(['volume', 'rm', ...volumes.split('\n')]);
      await bridge.close();
    },
  };
}

export function openOn({ environment, folder, ports }: DockerOpening): Target {
  return openDockerTarget({
    area: folder,
    hosts: [{ name: 'engine', docker: showing(findDocker(environment)!, folder), address: '127.0.0.1' }],
    ports,
    keepReleases: 1,
    network: null,
    credentials: async () => null,
  });
}

/** The engine, whose containers also see this folder. */
function showing(docker: Docker, folder: string): Docker {
  return {
    ...docker,
    call: (words, options) => {
      const [verb, ...rest] = words;
      const mount = ['--mount', `type=bind,source=${folder},target=${folder}`];
      return docker.call(verb === 'create' ? [verb, ...mount, ...rest] : words, options);
    },
  };
}

/** Makes an image of the test's own with these files, and returns its digest. */
async function imageWith(
  { docker }: DockerEngine,
  folder: string,
  files: Readonly<Record<string, string>>,
): Promise<string> {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, PLACE, name)), { recursive: true });
    writeFileSync(join(folder, PLACE, name), text);
  }
  const base = (await docker.call(['create', IMAGE, '/bin/sh'])).output;
  await docker.call(['cp', join(folder, PLACE), `${base}:/`]);
  const made = await docker.call(['commit', '--change', `WORKDIR /${PLACE}`, base]);
  await docker.call(['rm', base]);
  if (made.code !== 0) throw new Error(made.complaint);
  return made.output;
}
