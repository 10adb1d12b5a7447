import type { Docker } from '../../../driver/docker/docker.ts';
import type { Change, CommandSpec, Probed, TargetReply } from '../contract.ts';
import { refusal } from '../host/reply.ts';
import { type Container, containerNamed, containersOf, removeContainers, tailOf } from './container.ts';
import { lastLine } from './engine-call.ts';
import type { EngineHost } from './engine-host.ts';
import { create, imageOf } from './install.ts';
import { LABEL } from './names.ts';
import { planOf, variablesFor } from './release-spec.ts';
import { RUN_SCRIPT } from './run-script.ts';

const KEPT_MS = 30 * 24 * 3_600_000;
/** For the answers of the engine around the command. */
const AROUND_MS = 30_000;
/** Its shell only has to end. */
const END_MS = 5000;

/** Runs a command in a container of its own, which stays as its receipt; or waits for the one of this key. */
export async function run(host: EngineHost, change: Change, command: CommandSpec): Promise<TargetReply> {
  const { docker, area } = host;
  const untilMs = performance.now() + change.timeoutMs;
  const name = area.runName(change.key);
  let container = await containerNamed(docker, name);
  if (container === null) {
    const template = await containerNamed(docker, area.templateName(command.digest));
    const image = template && (await imageOf(docker, template.release.image));
    if (template === null || image === null)
      return refusal('not-found', `the release ${command.digest} is not on ${host.name}; install it first`);
    const pairs = template.environment.map((line) => line.split(/=(.*)/s) as [string, string]);
    const variables = variablesFor({ ...Object.fromEntries(pairs), ...command.environment });
    const labels = area.labels('run', {
      [LABEL.digest]: command.digest,
      [LABEL.key]: change.key,
      [LABEL.release]: JSON.stringify(template.release),
    });
    const seconds = Math.ceil(change.timeoutMs / 1000);
    const plan = planOf(template.release, image.workingDirectory, host.network, variables, {
      name,
      labels,
      ports: [],
      options: [],
      entrypoint: '/bin/sh',
      command: ['-c', RUN_SCRIPT, 'sh', command.run, `${seconds}`],
    });
    const problem = await create(docker, plan, variables, change.timeoutMs);
    if (problem !== null && !/already in use by container/.test(problem))
      return refusal('failed', `${problem}; look at the engine of ${host.name}`);
    container = (await containerNamed(docker, name))!;
  }
  if (container.state === 'created') {
    const { code, complaint } = await docker.call(['start', name]);
    if (code !== 0) {
      await removeContainers(docker, [name]);
      return refusal('failed', `${lastLine(complaint)}; a command needs /bin/sh in the image`);
    }
  }
  const leftMs = Math.max(1, Math.ceil(untilMs - performance.now()));
  const waited = await docker.call(['wait', name], { timeoutMs: leftMs });
  // Its time is over: a migration must not go on while the release goes back.
  if (waited.code !== 0) await end(docker, name);
  const ended = await containerNamed(docker, name);
  if (ended === null) return { outcome: 'unknown', reason: `the container ${name} of the command is gone` };
  return { outcome: 'done', end: { code: ended.code, tail: await tailOf(docker, ended) } };
}

async function end(docker: Docker, name: string): Promise<void> {
  await docker.call(['kill', '--signal', 'TERM', name], { timeoutMs: AROUND_MS });
  const { code } = await docker.call(['wait', name], { timeoutMs: END_MS });
  if (code !== 0) await docker.call(['kill', name], { timeoutMs: AROUND_MS });
}

/** What became of a command; null: there is none of this key. */
export async function probeRun({ docker, area }: EngineHost, key: string): Promise<Probed | null> {
  const container = await containerNamed(docker, area.runName(key));
  if (container === null) return null;
  if (container.state === 'running') return { found: 'unknown', reason: 'the command is still running' };
  if (container.state !== 'created')
    return { found: 'done', end: { code: container.code, tail: await tailOf(docker, container) } };
  // It was never started, and whoever wanted to is given the time for it. Removed, it cannot be started any more.
  if (isYoung(container)) return { found: 'unknown', reason: 'the command is being started' };
  await removeContainers(docker, [container.id]);
  return { found: 'not-done' };
}

/** Whoever made it may still be at work. */
export function isYoung({ createdAtMs }: Container): boolean {
  return Date.now() - createdAtMs < 5000;
}

/** Forgets receipts that nobody asks for any more. */
export async function pruneRuns({ docker, area }: EngineHost): Promise<void> {
  const old = (await containersOf(docker, area, 'run')).filter(
    ({ createdAtMs, state }) => state === 'ended' && createdAtMs < Date.now() - KEPT_MS,
  );
  await removeContainers(
    docker,
    old.map(({ id }) => id),
  );
}
