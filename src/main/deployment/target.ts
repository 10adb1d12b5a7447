import { isAbsolute, join, resolve } from 'node:path';
import { userError } from '../../base/diagnostic.ts';
import { digestOf } from '../../base/digest.ts';
import type { DeploymentDefinition } from '../../delivery/definition.ts';
import type { Target } from '../../delivery/target/contract.ts';
import type { ReadSecret } from './secrets.ts';

const KEEP_RELEASES_DEFAULT = 5;

/**
 * Where releases of a service run in an environment: what it says, else its hosts over SSH, else processes of this machine. Rejects with a
 * `UserError` when it cannot be opened.
 */
export async function openTarget(
  definition: DeploymentDefinition,
  directory: string,
  _readSecret: ReadSecret,
  hostEnvironment: NodeJS.ProcessEnv,
): Promise<Target> {
  const { environment, service } = definition;
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
        keepReleases,
        environment: hostEnvironment,
      });
    }
    case 'ssh':
    case 'docker':
      throw userError(
        'target-unknown',
        `this version cannot deploy ${service.name} to ${environment.name} by ${kind}`,
        'use processes of this machine: target: process',
      );
  }
}

/** A relative folder is one of the repository; with none each service of each environment has its own below Sluice's folder. */
function placeOf({ environment, service, source }: DeploymentDefinition, directory: string): string {
  const given = environment.target?.directory ?? null;
  if (given !== null) return isAbsolute(given) ? given : resolve(source.path, given);
  return join(
    directory,
    'environments',
    digestOf(source.repository).slice(0, 16),
    environment.name,
    service.name,
  );
}
