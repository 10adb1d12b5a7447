import { existsSync } from 'node:fs';

import type { Docker } from '../../driver/docker/docker.ts';
import { LABEL } from './place.ts';

/** The engine's own init and the shell that waits. */
const OWN_PROCESSES = 2;

/** Ends a job's container. Returns how many processes it had besides its own; 0 when there is none. Throws when it stays. */
export async function removeContainer(docker: Docker, name: string): Promise<number> {
  const top = await docker.call(['top', name, '-eo', 'pid,stat,comm']);
  const processes = top.output.split('\n').slice(1);
  // Podman asks a `ps` in the container, which then sees itself.
  const alive =
    top.code === 0 ? processes.filter((line) => !/\s(Z\S*\s+\S.*|\S+\s+ps)$/.test(line)).length : 0;
  await removeContainers(docker, [name]);
  return Math.max(0, alive - OWN_PROCESSES);
}

/** Ends everything with this label: containers, then networks and volumes. Returns the number of processes, as above. */
export async function removeLabelled(docker: Docker, label: string, value: string): Promise<number> {
  const filter = filterWords({ [label]: value });
  const containers = await listed(docker, ['ps', '--all', '--quiet', '--no-trunc', ...filter]);
  let killed = 0;
  for (const id of containers) killed += await removeContainer(docker, id);
  await removeNetworks(docker, await listed(docker, ['network', 'ls', '--quiet', ...filter]));
  await removeVolumes(docker, await listed(docker, ['volume', 'ls', '--quiet', ...filter]));
  return killed;
}

/** Ends the services of a job, their network, and those volumes of the job that nothing uses any more. */
export async function removeServices(docker: Docker, jobKey: string): Promise<void> {
  const filter = filterWords({ [LABEL.job]: jobKey, [LABEL.area]: 'services' });
  await removeContainers(docker, await listed(docker, ['ps', '--all', '--quiet', '--no-trunc', ...filter]));
  const networks = await listed(docker, ['network', 'ls', '--quiet', ...filter]);
  const joined = ['network', 'inspect', '--format', '{{range $id, $one := .Containers}}{{$id}}\n{{end}}'];
  for (const network of networks) {
    for (const id of await listed(docker, [...joined, network])) {
      await docker.call(['network', 'disconnect', '--force', network, id]);
    }
  }
  await removeNetworks(docker, networks);
  const volumes = ['volume', 'ls', '--quiet', ...filterWords({ [LABEL.job]: jobKey })];
  await removeVolumes(docker, await listed(docker, volumes));
}

function filterWords(labels: Readonly<Record<string, string>>): string[] {
  return Object.entries(labels).flatMap(([name, value]) => ['--filter', `label=${name}=${value}`]);
}

/**
 * Ends what processes left that are no more and whose files are gone, so that nobody can take it over or sweep it.
 * `isAlive`: null when that cannot be told.
 */
export async function reap(docker: Docker, isAlive: (owner: string) => boolean | null): Promise<void> {
  const filter = ['--filter', `label=${LABEL.owner}`];
  // Podman's lists do not tell the value of a label.
  const stray = async (kind: 'container' | 'network' | 'volume', labels: string) => {
    const names = await listed(docker, [
      kind,
      'ls',
      ...(kind === 'container' ? ['--all'] : []),
      '--quiet',
      ...filter,
    ]);
    if (names.length === 0) return [];
    const format = `{{.Name}}\t{{index ${labels} "${LABEL.owner}"}}\t{{index ${labels} "${LABEL.folder}"}}`;
    // One that went meanwhile is a complaint, and the others are told all the same.
    const { output } = await docker.call([kind, 'inspect', '--format', format, ...names]);
    return output
      .split('\n')
      .map((line) => line.split('\t'))
      .filter(([, owner, folder]) => folder && !existsSync(folder) && isAlive(owner!) === false)
      .map(([name]) => name!.replace(/^\//, ''));
  };
  await removeContainers(docker, await stray('container', '.Config.Labels'));
  await removeNetworks(docker, await stray('network', '.Labels'));
  await removeVolumes(docker, await stray('volume', '.Labels'));
}

async function removeContainers(docker: Docker, names: readonly string[]): Promise<void> {
  if (names.length === 0) return;
  const { code, complaint } = await docker.call(['rm', '--force', '--volumes', ...names]);
  if (code !== 0 && !/no such container/i.test(complaint)) {
    throw new Error(`a container could not be removed: ${complaint}`);
  }
}

/** One that still has a container stays; whoever ends that container comes back. */
async function removeNetworks(docker: Docker, ids: readonly string[]): Promise<void> {
  if (ids.length > 0) await docker.call(['network', 'rm', ...ids]);
}

/** One that is still used stays, in the same way. */
export async function removeVolumes(docker: Docker, names: readonly string[]): Promise<void> {
  if (names.length > 0) await docker.call(['volume', 'rm', ...names]);
}

async function listed(docker: Docker, words: readonly string[]): Promise<string[]> {
  const { code, output, complaint } = await docker.call(words);
  if (code !== 0) throw new Error(`the container engine does not answer: ${complaint}`);
  return output.split('\n').filter((line) => line !== '');
}
