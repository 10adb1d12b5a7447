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
    environmentProblem(release.secrets)
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
    environmentFile: '/dev/stdin',
    capabilities: CAPABILITIES,
    limits: { cpus: running.cpus, memoryBytes: running.memoryBytes, processesMax: null, fileBytes: null },
    options: [...parts.options, ...(isOwn ? [] : [`--workdir=${place}`]), ...variables.words],
    isWaiting: false,
  };
}

/** Variables on their way to the engine: by its program's standard input and environment, never as its arguments. */
export interface Variables {
  readonly words: readonly string[];
  readonly input: string;
  readonly environment: Readonly<Record<string, string>>;
}

/** Lines of the file of variables may be so long. */
const LINE_CHARACTERS_MAX = 16_000;
/** What the engine's own program goes by. */
const ITS_OWN = /^(PATH|HOME|XDG_\w+|DOCKER_\w+|CONTAINER_\w+|\w+_PROXY|\w+_proxy|GODEBUG|LD_\w+)$/;

/** Throws a sentence for a value that no way can carry. */
export function variablesFor(values: Readonly<Record<string, string>>): Variables {
  const lines: string[] = [];
  const words: string[] = [];
  const environment: Record<string, string> = {};
  for (const [name, value] of Object.entries(values)) {
    if (!/[\n\r]/.test(value) && value.length <= LINE_CHARACTERS_MAX) lines.push(`${name}=${value}\n`);
    else if (ITS_OWN.test(name))
      throw new Error(
        `the variable ${name} has several lines or is very long, and no container can be given that; shorten it`,
      );
    else {
      words.push('--env', name);
      environment[name] = value;
    }
  }
  return { words, input: lines.join(''), environment };
}
