import type { ContainerPlan } from '../../../driver/docker/container-arguments.ts';
import { runWords } from '../../../driver/docker/container-arguments.ts';
import type { Docker } from '../../../driver/docker/docker.ts';
import { pullImage } from '../../../driver/docker/image.ts';
import type { Release, TargetReply } from '../contract.ts';
import { refusal } from '../host/reply.ts';
import { type Container, containerNamed, containersOf, removeContainers } from './container.ts';
import { lastLine } from './engine-call.ts';
import type { EngineHost } from './engine-host.ts';
import { LABEL } from './names.ts';
import {
  environmentOf,
  planOf,
  type Running,
  runningOf,
  type Variables,
  variablesFor,
} from './release-spec.ts';

export const DONE = { outcome: 'done', end: null } as const;

/** Brings the image, and keeps the release's configuration in a container that never runs. */
export async function install(host: EngineHost, release: Release, timeoutMs: number): Promise<TargetReply> {
  const { docker, area, network } = host;
  const running = runningOf(release);
  if ((await imageOf(docker, running.image)) === null) {
    const problem = await pullImage(docker, running.image, await host.credentials(running.image));
    if (problem !== null) return refusal('not-found', problem);
  }
  const image = (await imageOf(docker, running.image))!;
  const name = area.templateName(release.digest);
  const values = environmentOf(release);
  const before = await containerNamed(docker, name);
  if (before !== null) {
    if (isSame(before, running, values, image)) return DONE;
    await removeContainers(docker, [before.id]);
  }
  const variables = variablesFor(values);
  const labels = area.labels('template', {
    [LABEL.digest]: release.digest,
    [LABEL.release]: JSON.stringify(running),
  });
  const plan = planOf(running, image.workingDirectory, network, variables, {
    name,
    labels,
    ports: [],
    options: [],
    entrypoint: null,
    // Nothing of it is ever started; an image without a command of its own needs some word.
    command: ['/bin/sh'],
  });
  const problem = await create(docker, plan, variables, timeoutMs);
  return problem === null ? DONE : refusal('failed', `${problem}; look at the engine of ${host.name}`);
}

/** Removes a release's configuration and image, unless it runs or is among the newest. */
export async function remove(
  { docker, area, keepReleases }: EngineHost,
  digest: string,
): Promise<TargetReply> {
  const instances = await containersOf(docker, area, 'instance');
  if (instances.some((one) => one.digest === digest)) return DONE;
  const templates = [...(await containersOf(docker, area, 'template'))].sort(
    (one, other) => other.createdAtMs - one.createdAtMs,
  );
  const place = templates.findIndex((one) => one.digest === digest);
  if (place < keepReleases) return DONE;
  const template = templates[place]!;
  await removeContainers(docker, [template.id]);
  // What else uses it keeps it: then the engine refuses.
  await docker.call(['image', 'rm', template.release.image]);
  return DONE;
}

/** Makes a container without starting it. Returns the engine's sentence when it does not. */
export async function create(
  docker: Docker,
  plan: ContainerPlan,
  { environment }: Variables,
  timeoutMs: number,
): Promise<string | null> {
  const [, , ...words] = runWords(plan);
  const { code, complaint } = await docker.call(['create', ...words], { environment, timeoutMs });
  return code === 0 ? null : lastLine(complaint);
}

export interface Image {
  readonly id: string;
  readonly workingDirectory: string;
}

/** null: it is not there. */
export async function imageOf(docker: Docker, image: string): Promise<Image | null> {
  const format = '{{.Id}}\t{{.Config.WorkingDir}}';
  const { code, output } = await docker.call(['image', 'inspect', '--format', format, image]);
  if (code !== 0) return null;
  const [id = '', workingDirectory = ''] = output.split('\t');
  return { id, workingDirectory };
}

function isSame(
  before: Container,
  running: Running,
  values: Readonly<Record<string, string>>,
  image: Image,
): boolean {
  return (
    JSON.stringify(before.release) === JSON.stringify(running) &&
    before.image === image.id &&
    Object.entries(values).every(([name, value]) => before.environment.includes(`${name}=${value}`))
  );
}
