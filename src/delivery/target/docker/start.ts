import type { Change, Release, TargetReply } from '../contract.ts';
import { refusal } from '../host/reply.ts';
import { type Container, containerNamed, containersOf, removeContainers } from './container.ts';
import { lastLine } from './engine-call.ts';
import type { EngineHost } from './engine-host.ts';
import { create, DONE, type Image, imageOf } from './install.ts';
import { LABEL } from './names.ts';
import { environmentOf, planOf, runningOf, type Variables, variablesFor } from './release-spec.ts';

/** Starts the instances that are missing of this change. */
export async function start(
  host: EngineHost,
  { key, timeoutMs }: Change,
  release: Release,
): Promise<TargetReply> {
  const { docker, area } = host;
  const image = await imageOf(docker, runningOf(release).image);
  const template = await containerNamed(docker, area.templateName(release.digest));
  if (template === null || image === null)
    return refusal('not-found', `the release ${release.digest} is not on ${host.name}; install it first`);
  const variables = variablesFor(environmentOf(release));
  const names: string[] = [];
  for (let index = 0; index < runningOf(release).replicas; index++) {
    const name = area.instanceName(key, index);
    names.push(name);
    const problem = await startOne(host, name, key, release, image, variables, timeoutMs);
    if (problem === null) continue;
    // Whole or not at all.
    await removeContainers(docker, names);
    return problem;
  }
  return DONE;
}

async function startOne(
  host: EngineHost,
  name: string,
  key: string,
  release: Release,
  image: Image,
  variables: Variables,
  timeoutMs: number,
): Promise<Extract<TargetReply, { outcome: 'refused' }> | null> {
  const { docker, area } = host;
  const before = await containerNamed(docker, name);
  if (before !== null && before.state !== 'created') return null;
  // Nobody knows whether its port is still free.
  if (before !== null) await removeContainers(docker, [name]);
  const running = runningOf(release);
  for (const port of await freePorts(host, release)) {
    const labels = area.labels('instance', {
      [LABEL.digest]: release.digest,
      [LABEL.key]: key,
      [LABEL.release]: JSON.stringify(running),
      ...(port === null ? {} : { [LABEL.port]: `${port}` }),
    });
    const plan = planOf(running, image.workingDirectory, host.network, variables, {
      name,
      labels,
      ports: port === null ? [] : [`${publishAddress(host.address)}:${port}:${release.port}`],
      options: ['--init', '--restart=unless-stopped'],
      entrypoint: running.command === null ? null : '/bin/sh',
      command: running.command === null ? [] : ['-c', running.command],
    });
    const problem = await create(docker, plan, variables, timeoutMs);
    if (problem !== null && !/already in use by container/.test(problem)) return failed(host, problem);
    const { code, complaint } = await docker.call(['start', name], { timeoutMs });
    if (code === 0) return null;
    await removeContainers(docker, [name]);
    if (!/port is already allocated|address already in use|bind for .* failed/i.test(complaint))
      return failed(host, lastLine(complaint));
  }
  const { ports } = host;
  const range =
    ports === null ? `the port ${release.port} is` : `all ports from ${ports.first} to ${ports.last} are`;
  return {
    outcome: 'refused',
    cause: 'no-room',
    reason: `${range} taken on ${host.name}; give the target more \`ports\`, or stop what uses them`,
  };
}

/** Those that no container of this area has; another program's are found when they are tried. */
export async function freePorts(
  { docker, area, ports }: EngineHost,
  { port }: Release,
): Promise<readonly (number | null)[]> {
  if (port === null) return [null];
  const taken = new Set((await containersOf(docker, area, 'instance')).map((one: Container) => one.port));
  const { first, last } = ports ?? { first: port, last: port };
  return Array.from({ length: last - first + 1 }, (_, at) => first + at).filter((one) => !taken.has(one));
}

/** An engine elsewhere publishes where its router can reach it. */
function publishAddress(address: string): string {
  return /^(127\.|localhost$)/.test(address) ? '127.0.0.1' : '0.0.0.0';
}

function failed(host: EngineHost, problem: string): Extract<TargetReply, { outcome: 'refused' }> {
  return {
    outcome: 'refused',
    cause: 'failed',
    reason: `${problem}; check the command and the image of the service, and the engine of ${host.name}`,
  };
}
