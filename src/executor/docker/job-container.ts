import { lchown, lstat, opendir } from 'node:fs/promises';
import { join } from 'node:path';

import type { Clock } from '../../base/port.ts';
import type { ContainerPlan, Mount } from '../../driver/docker/container-arguments.ts';
import { labelWords, publishWord, runWords } from '../../driver/docker/container-arguments.ts';
import { containerOptions } from '../../driver/docker/container-option.ts';
import type { Docker } from '../../driver/docker/docker.ts';
import { isMissingImage, pullImage } from '../../driver/docker/image.ts';
import { volumeMount } from '../../driver/docker/volume.ts';
import { type Confinement, type ContainerSpec, StartError } from '../contract.ts';
import { refuseForbidden } from '../sandbox/forbidden-path.ts';
import { type JobPlace, LABEL } from './place.ts';
import { readInnerFile } from './receipt.ts';
import { CONTAINER_RECEIPT, INNER_FOLDER, MAIN_SCRIPT } from './script.ts';

const READY_LIMIT_MS = 30_000;
const LOOK_MS = 5;
const LOG_LINES = '5';

export interface ContainerOptions {
  readonly docker: Docker;
  readonly clock: Clock;
  readonly place: JobPlace;
  readonly confinement: Confinement;
  /** Refuse a container without a filter of system calls: for work that is not trusted. */
  readonly requireSound: boolean;
  /** `UID:GID` that can write the job's folders; null: any can be made to. */
  readonly user: string | null;
}

/** Takes over the job's container when it runs. What is left of one that does not run is removed. */
export async function findContainer({ docker, place }: ContainerOptions): Promise<boolean> {
  const format = `{{.State.Running}} {{index .Config.Labels "${LABEL.folder}"}}`;
  const { code, output } = await docker.call(['container', 'inspect', '--format', format, place.name]);
  if (code !== 0) return false;
  if (output === `true ${place.folder}`) return true;
  await docker.call(['rm', '--force', '--volumes', place.name]);
  return false;
}

/** Makes the job's container, waits until it runs and looks whether it is held as it should be. Throws `StartError`. */
export async function startContainer(options: ContainerOptions): Promise<void> {
  const { docker, place, confinement } = options;
  const { container } = confinement;
  if (container === null) throw new StartError('EINVAL', 'a job in Docker needs an image');
  refuseForbidden([...confinement.writable, ...confinement.readable], 'a container');
  await runContainer(docker, container, jobPlan(options, container));
  try {
    const status = await untilReady(options);
    refuseUnsound(status, options.requireSound);
    const user = outerUser(status);
    if (user !== 0 && process.getuid?.() === 0) {
      for (const folder of confinement.writable) await giveTree(folder, user);
    }
  } catch (error) {
    await docker.call(['rm', '--force', '--volumes', place.name]);
    throw error;
  }
}

/** Runs a container, after bringing its image when it is not there. Returns its id; throws `StartError`. */
export async function runContainer(
  docker: Docker,
  spec: ContainerSpec,
  plan: ContainerPlan,
): Promise<string> {
  if (!/^[A-Za-z0-9]\S*$/.test(spec.image)) {
    throw new StartError('EINVAL', `\`${spec.image}\` is not the name of an image`);
  }
  for (const { kind, source } of plan.mounts) {
    if (kind === 'volume') await docker.call(['volume', 'create', ...labelWords(plan.labels), source]);
  }
  const words = runWords(plan);
  let answer = await docker.call(words);
  if (answer.code !== 0 && isMissingImage(answer.complaint)) {
    const problem = await pullImage(docker, spec.image, spec.credentials ?? null);
    if (problem !== null) throw new StartError('ENOENT', problem);
    answer = await docker.call(words);
  }
  if (answer.code === 0) return answer.output;
  await docker.call(['rm', '--force', '--volumes', plan.name]);
  throw new StartError('ECONTAINER', runProblem(spec.image, answer.complaint));
}

/** The parts of a plan that the pipeline's words decide. Throws `StartError` for what is not allowed. */
export function askedParts(
  spec: ContainerSpec,
  folders: readonly string[],
  place: JobPlace,
): {
  readonly mounts: readonly Mount[];
  readonly ports: readonly string[];
  readonly options: readonly string[];
} {
  const options = containerOptions(spec.options ?? '');
  if (typeof options === 'string') throw new StartError('EPERM', options);
  const mounts = spec.volumes.map((volume) => {
    const mount = volumeMount(volume, folders, (name) => `${place.name}-${name}`);
    if (typeof mount === 'string') throw new StartError('EPERM', mount);
    return mount;
  });
  return { mounts, ports: spec.ports.map(publishWord), options };
}

/** The real names of the volumes that a job's container asks for by name. */
export function namedVolumes({ place, confinement }: ContainerOptions): string[] {
  const volumes = confinement.container?.volumes ?? [];
  const names = volumes.map((volume) => volume.split(':')[0]!).filter((source) => !source.includes('/'));
  return names.map((name) => `${place.name}-${name}`);
}

function jobPlan({ place, confinement, user }: ContainerOptions, container: ContainerSpec): ContainerPlan {
  const { writable, readable, network, limits } = confinement;
  const asked = askedParts(container, writable, place);
  const bind = (source: string, target: string, isReadOnly: boolean): Mount => ({
    kind: 'bind',
    source,
    target,
    isReadOnly,
  });
  // Outer folders first, so that none hides an inner one.
  const own = [
    ...readable.map((path) => bind(path, path, true)),
    ...writable.map((path) => bind(path, path, false)),
  ].sort((one, other) => one.target.length - other.target.length);
  return {
    name: place.name,
    image: container.image,
    labels: place.labels,
    user: container.user ?? user,
    network: network === 'none' ? 'none' : 'bridge',
    alias: null,
    mounts: [...own, ...asked.mounts, bind(place.receipts, INNER_FOLDER, false)],
    ports: network === 'none' ? [] : asked.ports,
    environmentFile: null,
    capabilities: [],
    limits: { ...limits, fileBytes: limits.diskBytes },
    options: [...asked.options, '--no-healthcheck'],
    isWaiting: true,
    entrypoint: '/bin/sh',
    command: ['-c', MAIN_SCRIPT],
  };
}

function runProblem(image: string, complaint: string): string {
  if (/\/bin\/sh.*(no such file|not found)/is.test(complaint)) {
    return `the image ${image} has no /bin/sh, which the steps of a job need`;
  }
  const cause = complaint
    .split('\n')
    .filter((line) => !/^(Run '|See ')|^$/.test(line))
    .at(-1);
  return `a container of ${image} cannot be started: ${cause ?? 'no reason is given'}`;
}

/** The container's own /proc/self/status and user map, when it has told them. */
async function untilReady({ docker, clock, place }: ContainerOptions): Promise<string> {
  const untilMs = clock.monotonic() + READY_LIMIT_MS;
  const file = join(place.receipts, CONTAINER_RECEIPT);
  for (let looks = 1; ; looks++) {
    const text = readInnerFile(file);
    if (text?.endsWith('ready\n')) return text;
    const isOver = looks % 100 === 0 && !(await isRunning(docker, place.name));
    if (isOver || clock.monotonic() > untilMs) {
      const { output, complaint } = await docker.call(['logs', '--tail', LOG_LINES, place.name]);
      throw new StartError('ECONTAINER', `the container of the job does not run: ${output || complaint}`);
    }
    await new Promise<void>((resolve) => void clock.after(LOOK_MS, resolve));
  }
}

export async function isRunning(docker: Docker, name: string): Promise<boolean> {
  const { output } = await docker.call(['container', 'inspect', '--format', '{{.State.Running}}', name]);
  return output === 'true';
}

/** An engine, or what stands in its place, may ignore what it is asked for. */
function refuseUnsound(status: string, requireSound: boolean): void {
  const value = (name: string) => new RegExp(`^${name}:\\s*(\\S+)$`, 'm').exec(status)?.[1] ?? '';
  const rights = ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb'].filter(
    (name) => !/^0+$/.test(value(name)),
  );
  const found = [
    ...rights.map((name) => `it keeps rights of root (${name} ${value(name)})`),
    ...(value('NoNewPrivs') === '1' ? [] : ['its programs can get new rights']),
    ...(requireSound && value('Seccomp') !== '2' ? ['its system calls are not filtered'] : []),
  ];
  if (found.length === 0) return;
  throw new StartError('EPERM', `the container engine does not hold the job: ${found.join('; ')}`);
}

/** Who the container's user is on this machine. */
function outerUser(status: string): number {
  const inner = Number(/^Uid:\s*(\d+)/m.exec(status)?.[1] ?? 0);
  for (const [, first, outer, count] of status.matchAll(/^users\s+(\d+)\s+(\d+)\s+(\d+)$/gm)) {
    if (inner >= Number(first) && inner < Number(first) + Number(count))
      return Number(outer) + inner - Number(first);
  }
  return inner;
}

/**
 * Gives the user what is in a folder. To be called before anything of the job runs: names are followed. A file that has other
 * names stays whose it is: one of these may be outside.
 */
async function giveTree(folder: string, user: number): Promise<void> {
  await lchown(folder, user, user);
  for await (const entry of await opendir(folder)) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) await giveTree(path, user);
    else if ((await lstat(path)).nlink === 1) await lchown(path, user, user);
  }
}
