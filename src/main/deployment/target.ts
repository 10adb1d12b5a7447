import { isAbsolute, join, resolve } from 'node:path';
import { userError } from '../../base/diagnostic.ts';
import { digestOf } from '../../base/digest.ts';
import type { DeploymentDefinition } from '../../delivery/definition.ts';
import type { Target } from '../../delivery/target/contract.ts';
import type { DockerHostOptions } from '../../delivery/target/docker/docker-target.ts';
import { findDocker } from '../../driver/docker/docker.ts';
import type { EnvironmentDefinition, HostDefinition } from '../../pipeline/plan-environment.ts';
import type { ReadSecret } from './secrets.ts';

const KEEP_RELEASES_DEFAULT = 5;

/**
 * Where releases of a service run in an environment: what it says, else its hosts over SSH, else processes of this machine. Rejects with a
 * `UserError` when it cannot be opened.
 */
export async function openTarget(
  definition: DeploymentDefinition,
  directory: string,
  readSecret: ReadSecret,
  hostEnvironment: NodeJS.ProcessEnv,
): Promise<Target> {
  const { environment } = definition;
  const { target, hosts } = environment;
  const kind = target?.kind ?? (hosts.length > 0 ? 'ssh' : 'process');
  const keepReleases = target?.keepReleases ?? KEEP_RELEASES_DEFAULT;
  const names = hosts.length > 0 ? hosts.map(({ host }) => host) : ['localhost'];
  switch (kind) {
    case 'process': {
      const { openProcessTarget } = await import('../../delivery/target/process/process-target.ts');
      return openProcessTarget({
        directory: placeOf(definition, directory),
        hosts: names,
        ports: target?.ports ?? null,
        systemd: target?.systemd ?? null,
        keepReleases,
        environment: hostEnvironment,
      });
    }
    case 'ssh': {
      const { openSshTarget } = await import('../../delivery/target/ssh/ssh-target.ts');
      return openSshTarget({
        directory: target?.directory ?? join('.local/share/sluice', ...ownPath(definition)),
        hosts,
        ports: target?.ports ?? null,
        systemd: target?.systemd ?? null,
        keepReleases,
        // ssh says itself that a key is not there.
        secret: (name) => readSecret(name).catch(() => null),
        environment: hostEnvironment,
      });
    }
    case 'docker': {
      const { openDockerTarget } = await import('../../delivery/target/docker/docker-target.ts');
      return openDockerTarget({
        area: ownPath(definition).slice(1).join('/'),
        hosts:
          hosts.length > 0
            ? hosts.map((host) => engineOf(host, hostEnvironment))
            : [localEngine(hostEnvironment)],
        ports: target?.ports ?? null,
        keepReleases,
        network: target?.network ?? null,
        credentials: async (image) => loginFor(image, environment, readSecret),
      });
    }
  }
}

/** Of the environment's own registry only: a password goes nowhere else. null: as `docker login` left it. */
async function loginFor(
  image: string,
  { registry, registryLogin }: EnvironmentDefinition,
  readSecret: ReadSecret,
) {
  if (!registryLogin || !image.startsWith(`${registry}/`)) return null;
  return { username: registryLogin.user, password: await readSecret(registryLogin.password) };
}

function localEngine(hostEnvironment: NodeJS.ProcessEnv): DockerHostOptions {
  return { name: 'localhost', docker: requireDocker(hostEnvironment), address: '127.0.0.1' };
}

/** The engine of another machine, over SSH as its program does it. */
function engineOf(
  { host, port, user }: HostDefinition,
  hostEnvironment: NodeJS.ProcessEnv,
): DockerHostOptions {
  const account = user === null ? '' : `${user}@`;
  const docker = requireDocker({ ...hostEnvironment, DOCKER_HOST: `ssh://${account}${host}:${port}` });
  return { name: host, docker, address: host.replace(/^\[(.*)\]$/, '$1') };
}

function requireDocker(environment: NodeJS.ProcessEnv) {
  const docker = findDocker(environment);
  if (docker) return docker;
  throw userError(
    'target-no-docker',
    'containers are deployed by Docker; its program `docker` was not found',
    'apt-get install docker.io, or use processes of this machine: target: process',
    3,
  );
}

/** A relative folder is one of the repository; with none each service of each environment has its own below Sluice's folder. */
function placeOf(definition: DeploymentDefinition, directory: string): string {
  const given = definition.environment.target?.directory ?? null;
  if (given !== null) return isAbsolute(given) ? given : resolve(definition.source.path, given);
  return join(directory, ...ownPath(definition));
}

function ownPath({ environment, service, source }: DeploymentDefinition): string[] {
  return ['environments', digestOf(source.repository).slice(0, 16), environment.name, service.name];
}
