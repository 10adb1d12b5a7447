import { posix } from 'node:path';

import { digestOf } from '../../../base/digest.ts';
import { visible } from '../../../base/text.ts';
import type { Change, CommandSpec, Release } from '../contract.ts';
import type { RequestFields } from './wire.ts';

/** Ports of an environment's instances, both included; null: the service's own. */
export interface PortRange {
  readonly first: number;
  readonly last: number;
}

/** What makes a change one change. */
export function changeFields({ key, fence }: Change): RequestFields {
  return [
    ['key', key],
    ['id', digestOf(key)],
    ['token', `${fence.token}`],
    ['order', `${fence.order}`],
  ];
}

/** A release and how it is to run. */
export function releaseFields(release: Release, ports: PortRange | null): RequestFields {
  const { resources, environment, secrets } = release;
  const sameness = [release.service, release.command, release.directory, release.port, release.drainMs];
  return [
    ['digest', release.digest],
    ['service', release.service],
    ['command', release.command ?? ''],
    ['folder', posix.normalize(release.directory === '' ? '.' : release.directory)],
    ['port', `${release.port ?? ''}`],
    ['first', `${ports?.first ?? ''}`],
    ['last', `${ports?.last ?? ''}`],
    ['replicas', `${resources.replicas ?? 1}`],
    ['cpus', `${resources.cpus ?? ''}`],
    ['memory', `${resources.memoryBytes ?? ''}`],
    ['drain', `${release.drainMs}`],
    ['secrets', Object.keys(secrets).join(' ')],
    ['configuration', configurationOf(environment, secrets)],
    ['sameness', digestOf(JSON.stringify([sameness, entriesOf(environment), entriesOf(secrets)]))],
  ];
}

export function commandFields({ run, digest, environment }: CommandSpec): RequestFields {
  return [
    ['digest', digest],
    ['command', run],
    ['environment', pairsOf(environment).join('\0')],
  ];
}

/** The variables, closed by NUL; the first entry names those that are secret. */
function configurationOf(environment: Release['environment'], secrets: Release['secrets']): string {
  return [`=${Object.keys(secrets).join(' ')}`, ...pairsOf(environment), ...pairsOf(secrets)].join('\0');
}

function pairsOf(values: Readonly<Record<string, string>>): string[] {
  return Object.entries(values).map(([name, value]) => `${name}=${value}`);
}

function entriesOf(values: Readonly<Record<string, string>>): [string, string][] {
  return Object.entries(values).sort(([one], [other]) => (one < other ? -1 : 1));
}

const DIGEST = /^[A-Za-z0-9][A-Za-z0-9:._-]{0,199}$/;
const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** Why no host could take this digest, as a sentence; null: it is one. */
export function digestProblem(digest: string): string | null {
  return DIGEST.test(digest) ? null : `\`${visible(digest)}\` is no digest; name the release by its digest`;
}

/** Why no host could run this release, as a sentence; null: hosts can. */
export function releaseProblem(release: Release): string | null {
  const { command, directory, content, resources } = release;
  if (content.kind !== 'files')
    return 'an image does not run as a process; give the service an artifact, or deploy it with the target `docker`';
  if (command === null || command.trim() === '')
    return 'the service says no command; give it a `command` that starts it';
  const normal = posix.normalize(directory);
  if (normal.startsWith('/') || normal.startsWith('..'))
    return `the directory \`${visible(directory)}\` is not in the release; name one below it`;
  if ([command, directory, release.service].some((text) => text.includes('\0')))
    return 'a NUL stands in the command, directory or name of the service; remove it';
  if (resources.replicas !== null && !(resources.replicas >= 1))
    return 'a service needs at least one instance; set `replicas` to 1 or more';
  return (
    digestProblem(release.digest) ??
    environmentProblem(release.environment) ??
    environmentProblem(release.secrets)
  );
}

/** Why these cannot be variables, as a sentence that shows no value; null: they can. */
export function environmentProblem(values: Readonly<Record<string, string>>): string | null {
  for (const [name, value] of Object.entries(values)) {
    if (!VARIABLE.test(name))
      return `\`${visible(name)}\` is no name of a variable; use letters, digits and _`;
    if (value.includes('\0'))
      return `the value of ${name} has a NUL in it, which no variable can carry; remove it`;
  }
  return null;
}
