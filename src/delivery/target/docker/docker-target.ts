import type { Docker } from '../../../driver/docker/docker.ts';
import type { Credentials } from '../../../driver/docker/image.ts';
import type { Change, Instance, Probed, Release, Target, TargetReply } from '../contract.ts';
import { awaitHealth } from '../host/health.ts';
import { refusal } from '../host/reply.ts';
import { digestProblem, environmentProblem } from '../host/request.ts';
import { Tally } from '../host/tally.ts';
import { watchHost } from '../host/watch.ts';
import { containersOf, removeContainers } from './container.ts';
import { type EngineHost, engineHost, type PortRange } from './engine-host.ts';
import { imageOf, install, remove } from './install.ts';
import { instanceOf, placeOf } from './look.ts';
import { LABEL } from './names.ts';
import { releaseProblem, runningOf } from './release-spec.ts';
import { isYoung, probeRun, pruneRuns, run } from './run.ts';
import { freePorts, start } from './start.ts';
import { stop } from './stop.ts';
import { UsageReader } from './usage.ts';

export interface DockerTargetOptions {
  /** Tells what belongs to this target from all else in an engine, such as `production/shop`. */
  readonly area: string;
  readonly hosts: readonly DockerHostOptions[];
  /** Of the engines' machines, for instances, both included; null: the service's own port, and so one instance. */
  readonly ports: PortRange | null;
  /** How many of the newest releases stay when they are removed. */
  readonly keepReleases: number;
  /** The network that instances join; null: the engine's usual one. */
  readonly network: string | null;
  /** For pulling an image; null: what the engine's own program knows. */
  credentials(image: string): Promise<Credentials | null>;
}

export interface DockerHostOptions {
  /** As the plan calls it. */
  readonly name: string;
  /** The engine: its environment says which, such as `DOCKER_HOST=ssh://user@host`. */
  readonly docker: Docker;
  /** Where the router reaches the engine's machine: `127.0.0.1` for this one, and then ports are published on it alone. */
  readonly address: string;
}

/**
 * Releases as containers by digest. All that has to be remembered is in the engine: a release's configuration as a container that never
 * runs, a command's receipt as the container that ran it, fences and done changes as empty volumes.
 */
export function openDockerTarget({ hosts: engines, ...shared }: DockerTargetOptions): Target {
  const hosts = engines.map((own) => engineHost(shared, own));
  const tally = new Tally();
  const usage = new Map(hosts.map((host) => [host.name, new UsageReader(host)]));
  const place = (host: EngineHost) => placeOf(host, usage.get(host.name)!, tally);
  const closing = new AbortController();
  const hostOf = (name: string) => hosts.find((host) => host.name === name);

  const change = async (
    asked: Change,
    problem: string | null,
    act: (host: EngineHost) => Promise<TargetReply>,
  ): Promise<TargetReply> => {
    const host = hostOf(asked.host);
    if (host === undefined) return unknownHost(asked.host);
    if (problem !== null) return refusal('invalid', problem);
    const first = await fenced(host, asked);
    if (first !== null) return first;
    try {
      const reply = await act(host);
      if (reply.outcome === 'done' && reply.end === null) await host.ledger.record(asked.key);
      return reply;
    } catch (error) {
      return { outcome: 'unknown', reason: `the engine of ${host.name}: ${(error as Error).message}` };
    }
  };

  return {
    kind: 'docker',
    sentence:
      'containers of an engine, which starts them again after a crash; limits of processor and memory are enforced; its administrators see environment and secrets',
    hosts: hosts.map(({ name }) => name),
    install: (asked, release) =>
      change(asked, releaseProblem(release), async (host) => {
        await Promise.all([host.ledger.prune(), pruneRuns(host)]);
        return install(host, release, asked.timeoutMs);
      }),
    start: (asked, release) => change(asked, releaseProblem(release), (host) => start(host, asked, release)),
    stop: (asked, digest) => change(asked, digestProblem(digest), (host) => stop(host, digest)),
    remove: (asked, digest) => change(asked, digestProblem(digest), (host) => remove(host, digest)),
    run: (asked, command) => {
      const problem = digestProblem(command.digest) ?? environmentProblem(command.environment);
      return change(asked, problem, (host) => run(host, asked, command));
    },
    probe: async (asked) => {
      const host = hostOf(asked.host);
      if (host === undefined) return { found: 'not-done' };
      try {
        await host.ledger.see(asked.fence);
        return await probed(host, asked.key);
      } catch (error) {
        return { found: 'unknown', reason: `the engine of ${host.name}: ${(error as Error).message}` };
      }
    },
    instances: async (name) => {
      const host = hostOf(name);
      if (host === undefined) return [];
      const containers = await containersOf(host.docker, host.area, 'instance');
      // One that was made and never started is what an owner that was killed left.
      return containers.filter(({ state }) => state !== 'created').map((one) => instanceOf(host, one));
    },
    health: async (instances, checks, timeoutMs) => {
      const stopping = new AbortController();
      const signal = AbortSignal.any([stopping.signal, closing.signal]);
      const ends = byHost(hosts, instances).map(async ([host, those]) => {
        const end = await awaitHealth(place(host), those, checks, timeoutMs, tally, signal);
        // One that is bad decides; nobody waits for the others.
        if (end.state === 'unhealthy') stopping.abort();
        return end;
      });
      const all = await Promise.all(ends);
      return (
        all.find(({ state }) => state === 'unhealthy') ??
        all.find(({ state }) => state === 'undecided') ?? { state: 'healthy' }
      );
    },
    watch: (digest, checks, onDown) => {
      const leaving = new AbortController();
      const signal = AbortSignal.any([leaving.signal, closing.signal]);
      for (const host of hosts) void watchHost(place(host), digest, checks, tally, onDown, signal);
      return () => leaving.abort();
    },
    samples: async (digest) => {
      for (const host of hosts) usage.get(host.name)!.read(digest, tally);
      return tally.collect(digest);
    },
    drift: () => sentences(hosts, driftOf),
    missing: async (release) => {
      const problem = releaseProblem(release);
      return problem === null ? sentences(hosts, (host) => missingOn(host, release)) : [problem];
    },
    close: async () => closing.abort(),
  };
}

/** The answer when a change must not be made, or was made already; null: make it. */
async function fenced({ name, ledger }: EngineHost, { key, fence }: Change): Promise<TargetReply | null> {
  try {
    const newer = await ledger.see(fence);
    if (newer !== null) {
      const reason = `order ${fence.order} with token ${fence.token} is older than order ${newer.order} with token ${newer.token}`;
      return refusal('older-fence', reason);
    }
    return (await ledger.isDone(key)) ? { outcome: 'done', end: null } : null;
  } catch (error) {
    // Nothing but the fence was written.
    return refusal(
      'failed',
      `the engine of ${name}: ${(error as Error).message}; start it, or look at its log`,
    );
  }
}

async function probed(host: EngineHost, key: string): Promise<Probed> {
  const command = await probeRun(host, key);
  if (command !== null) return command;
  if (await host.ledger.isDone(key)) return { found: 'done', end: null };
  const half = (await containersOf(host.docker, host.area, 'instance')).filter((one) => one.key === key);
  // Whoever began is given the time to end; then it is undone.
  if (half.some(isYoung)) return { found: 'unknown', reason: 'the instances are being started' };
  await removeContainers(
    host.docker,
    half.map(({ id }) => id),
  );
  return { found: 'not-done' };
}

async function driftOf({ docker, area }: EngineHost): Promise<readonly string[]> {
  const templates = await containersOf(docker, area, 'template');
  const instances = await containersOf(docker, area, 'instance');
  return instances.flatMap(({ id, digest, image, state }) => {
    const template = templates.find((one) => one.digest === digest);
    if (template === undefined)
      return [
        `the container ${id} runs ${digest}, which is not installed; deploy the service again, or remove it`,
      ];
    if (template.image !== image)
      return [`the container ${id} has another image than its release; deploy the service again`];
    return state === 'ended'
      ? [`the container ${id} was stopped by hand; start it, or deploy the service again`]
      : [];
  });
}

async function missingOn(host: EngineHost, release: Release): Promise<readonly string[]> {
  const { docker, area } = host;
  const { image, replicas } = runningOf(release);
  const found: string[] = [];
  if ((await imageOf(docker, image)) === null)
    found.push(`the image ${image} is not there; bring it with \`docker pull ${image}\``);
  const filter = ['--filter', `label=${LABEL.digest}=${release.digest}`];
  const running = await containersOf(docker, area, 'instance', filter);
  const free = await freePorts(host, release);
  if (running.length === 0 && release.port !== null && free.length < replicas)
    found.push(
      `there are ${free.length} free ports for ${replicas} instances; give the target more \`ports\``,
    );
  return found;
}

/** Asks every engine, and puts its name before what it says. */
async function sentences(
  hosts: readonly EngineHost[],
  ask: (host: EngineHost) => Promise<readonly string[]>,
): Promise<readonly string[]> {
  const told = hosts.map(async (host) => {
    const found = await ask(host).catch((error: Error) => [
      `the engine does not answer (${error.message}); start it`,
    ]);
    return found.map((text) => `${host.name}: ${text}`);
  });
  return (await Promise.all(told)).flat();
}

function byHost(hosts: readonly EngineHost[], instances: readonly Instance[]): [EngineHost, Instance[]][] {
  return hosts.flatMap((host): [EngineHost, Instance[]][] => {
    const those = instances.filter((instance) => instance.host === host.name);
    return those.length === 0 ? [] : [[host, those]];
  });
}

function unknownHost(name: string): TargetReply {
  return refusal(
    'not-found',
    `the target has no host ${JSON.stringify(name)}; name one of the environment's`,
  );
}
