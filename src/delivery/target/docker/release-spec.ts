import { posix } from 'node:path';
import type { ContainerPlan } from '../../../driver/docker/container-arguments.ts';
import type { Release } from '../contract.ts';
import { digestProblem, environmentProblem } from '../host/request.ts';

/** What of a release is written on its containers: no value of a secret. */
export interface Running {
  readonly service: string;
  readonly command: string | null;
  readonly directory: string;
  readonly port: number | null;
  readonly cpus: number | null;
  readonly memoryBytes: number | null;
  readonly replicas: number;
  readonly drainMs: number;
  readonly secrets: readonly string[];
  readonly image: string;
}

/** The rights of root that usual images need to give up root by themselves. */
export const CAPABILITIES = [
  'CHOWN',
  'DAC_OVERRIDE',
  'FOWNER',
  'KILL',
  'NET_BIND_SERVICE',
  'SETGID',
  'SETUID',
];

/** Why no engine could run this release, as a sentence; null: engines can. */
export function releaseProblem(release: Release): string | null {
  const { content, directory, resources } = release;
  if (content.kind !== 'image')
    return 'containers run images, and this release is files; give the service an `image`, or deploy it with the target `process` or `ssh`';
  if (/^-|\s/.test(content.image) || content.image === '')
    return 'the name of the image is none; name it as NAME@sha256:...';
  if (directory.includes('\0') || release.command?.includes('\0'))
    return 'a NUL stands in the command or directory; remove it';
  if (resources.replicas !== null && !(resources.replicas >= 1))
    return 'a service needs at least one instance; set `replicas` to 1 or more';
  return (
    digestProblem(release.digest) ??
    environmentProblem(release.environment) ??
    environmentProblem(release.secrets) ??
    variablesProblem(release)
  );
}

export function runningOf(release: Release): Running {
  const { service, command, directory, port, resources, drainMs, secrets, content } = release;
  const { cpus, memoryBytes, replicas } = resources;
  const image = content.kind === 'image' ? content.image : '';
  const names = Object.keys(secrets);
  return {
    service,
    command,
    directory,
    port,
    cpus,
    memoryBytes,
    replicas: replicas ?? 1,
    drainMs,
    secrets: names,
    image,
  };
}

/** The variables of a release's containers. */
export function environmentOf({ environment, secrets, port }: Release): Readonly<Record<string, string>> {
  return { ...(port === null ? {} : { PORT: `${port}` }), ...environment, ...secrets };
}

/** A container's plan, for all that runs of a release. `workingDirectory`: of the image. */
export function planOf(
  running: Running,
  workingDirectory: string,
  network: string | null,
  variables: Variables,
  parts: Pick<ContainerPlan, 'name' | 'labels' | 'ports' | 'options' | 'entrypoint' | 'command'>,
): ContainerPlan {
  const place = posix.resolve('/', workingDirectory, running.directory);
  const isOwn = place === posix.resolve('/', workingDirectory);
  return {
    ...parts,
    image: running.image,
    user: null,
    network: network ?? 'bridge',
    alias: network === null ? null : running.service,
    mounts: [],
    environmentFile: null,
    capabilities: CAPABILITIES,
    limits: { cpus: running.cpus, memoryBytes: running.memoryBytes, processesMax: null, fileBytes: null },
    options: [...parts.options, ...(isOwn ? [] : [`--workdir=${place}`]), ...variables.words],
    isWaiting: false,
  };
}

/** Variables on their way to the engine: its program takes them from its own environment, so that no argument and no file shows a secret. */
export interface Variables {
  readonly words: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

/** What the engine's own program goes by. */
const ITS_OWN = /^(PATH|HOME|USER|XDG_\w+|DOCKER_\w+|CONTAINER_\w+|\w+_PROXY|\w+_proxy|GO\w+|LD_\w+)$/;

/** `values` without those that `variablesProblem` refuses. */
export function variablesFor(values: Readonly<Record<string, string>>): Variables {
  const words: string[] = [];
  const environment: Record<string, string> = {};
  for (const [name, value] of Object.entries(values)) {
    words.push('--env', ITS_OWN.test(name) ? `${name}=${value}` : name);
    if (!ITS_OWN.test(name)) environment[name] = value;
  }
  return { words, environment };
}

/** The longest text that a process can be given. */
const VALUE_BYTES_MAX = 128 * 1024 - 256;

/** Why these cannot be given to a container, as a sentence that shows no value; null: they can. */
function variablesProblem({ environment, secrets }: Release): string | null {
  const own = Object.keys(secrets).find((name) => ITS_OWN.test(name));
  if (own !== undefined)
    return `the secret ${own} has a name that the engine’s own program goes by; give it another one`;
  const all = Object.entries({ ...environment, ...secrets });
  const long = all.find(([, value]) => Buffer.byteLength(value) > VALUE_BYTES_MAX);
  return long === undefined ? null : `the value of ${long[0]} is longer than 128 KiB; shorten it`;
}
