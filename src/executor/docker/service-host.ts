import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { Clock } from '../../base/port.ts';
import { labelWords } from '../../driver/docker/container-arguments.ts';
import type { Docker } from '../../driver/docker/docker.ts';
import { type ServiceHost, type ServiceSpec, StartError, type StartedService } from '../contract.ts';
import { type DockerExecutorOptions, openEngine } from './docker-executor.ts';
import { plainEnvironmentText } from './environment-file.ts';
import { askedParts, runContainer } from './job-container.ts';
import {
  enterPlace,
  isEntered,
  type JobPlace,
  jobPlace,
  leavePlace,
  memoryFolder,
  receiptName,
} from './place.ts';
import { removeServices } from './removal.ts';

export type ServiceHostOptions = Pick<
  DockerExecutorOptions,
  'directory' | 'clock' | 'owners' | 'environment'
>;

/** What the programs of usual images need to give up root by themselves, and no more. */
const CAPABILITIES = ['CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'KILL', 'NET_BIND_SERVICE', 'SETGID', 'SETUID'];
const LOOK_MS = 100;
const TAIL_LINES = '10';

interface Place {
  readonly docker: Docker;
  readonly clock: Clock;
  readonly directory: string;
  readonly place: JobPlace;
  readonly folders: readonly string[];
}

/**
 * Opens the host of service containers. Those of one job share a network of their own, which the job's container joins.
 * `directory`: that of the executor for containers, whose sweeps end services as well. Throws a `UserError` when there is no engine.
 */
export async function openServiceHost(options: ServiceHostOptions): Promise<ServiceHost> {
  const { directory, clock, owners, environment } = options;
  const { docker } = await openEngine(environment);
  const placeOf = (jobKey: string) => jobPlace(directory, owners.self, jobKey, 'services');
  const stop = async (jobKey: string) => {
    const place = placeOf(jobKey);
    // The folder is made before the first container, so that without it there is none.
    if (isEntered(place)) await removeServices(docker, jobKey);
    leavePlace(place);
  };
  return {
    start: async (jobKey, services, folders) => {
      const at: Place = { docker, clock, directory, place: placeOf(jobKey), folders };
      enterPlace(at.place);
      try {
        await openNetwork(docker, at.place);
        const started = await Promise.allSettled(services.map((service) => startService(at, service)));
        const failed = started.find((one) => one.status === 'rejected');
        if (failed !== undefined) throw failed.reason;
        return started.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
      } catch (error) {
        await stop(jobKey);
        throw error;
      }
    },
    stop,
  };
}

/** The network of the job. Its container, when it has one, joins it. */
async function openNetwork(docker: Docker, place: JobPlace): Promise<void> {
  const made = await docker.call(['network', 'create', ...labelWords(place.labels), place.name]);
  if (made.code !== 0 && !/already exists/.test(made.complaint)) {
    throw new StartError('ECONTAINER', `no network for the services can be made: ${made.complaint}`);
  }
  const joined = await docker.call(['network', 'connect', place.name, place.name]);
  if (joined.code === 0 || /no such container|already exists/i.test(joined.complaint)) return;
  const why = /private \(none\) mode/.test(joined.complaint)
    ? 'a job without network cannot reach service containers; take out `network: none`, or run the services as commands'
    : `the job's container cannot join the network of its services: ${joined.complaint}`;
  throw new StartError('ECONTAINER', why);
}

async function startService(at: Place, service: ServiceSpec): Promise<StartedService> {
  const { docker, place, clock } = at;
  const name = `${place.name}-${service.name}`;
  const untilMs = clock.monotonic() + service.startTimeoutMs;
  // An earlier owner of the job may have started it.
  const words = ['container', 'inspect', '--format', '{{.State.Running}} {{.Id}}', name];
  const [isRunning, id] = (await docker.call(words)).output.split(' ');
  const containerId = isRunning === 'true' ? id! : await runService(at, service, name);
  const ports = await untilHealthy(at, service, name, untilMs);
  return { name: service.name, containerId, network: place.name, ports };
}

async function runService(at: Place, service: ServiceSpec, name: string): Promise<string> {
  const { docker, directory, place, folders } = at;
  const asked = askedParts(service, folders, place);
  const file = join(memoryFolder(directory), `${receiptName(place.jobKey, service.name)}.environment`);
  writeFileSync(file, plainEnvironmentText(service.environment), { mode: 0o600 });
  await docker.call(['rm', '--force', '--volumes', name]);
  try {
    return await runContainer(docker, service, {
      name,
      image: service.image,
      labels: place.labels,
      user: service.user,
      network: place.name,
      alias: service.name,
      ...asked,
      environmentFile: file,
      capabilities: CAPABILITIES,
      limits: { cpus: null, memoryBytes: null, processesMax: null, fileBytes: null },
      isWaiting: false,
      entrypoint: null,
      command: service.command ?? [],
    });
  } finally {
    rmSync(file, { force: true });
  }
}

interface ServiceState {
  readonly State: {
    readonly Running: boolean;
    readonly ExitCode: number;
    readonly OOMKilled: boolean;
    readonly Health?: { readonly Status: string } | null;
  };
  readonly NetworkSettings: {
    readonly Ports: Readonly<Record<string, readonly { readonly HostPort: string }[] | null>> | null;
  };
}

/** Waits until the service answers, and returns its ports. Throws `StartError` with its last lines. */
async function untilHealthy(
  { docker, clock }: Place,
  service: ServiceSpec,
  name: string,
  untilMs: number,
): Promise<StartedService['ports']> {
  const { health, startTimeoutMs } = service;
  for (;;) {
    const state = await stateOf(docker, name);
    if (!state.State.Running) return unhealthy(docker, service.name, name, endOf(state));
    let why: string;
    if (health === null) {
      const status = state.State.Health?.Status ?? 'none';
      if (status === 'unhealthy') return unhealthy(docker, service.name, name, 'its own health check fails');
      if (status !== 'starting') return portsOf(state);
      why = 'its own health check does not pass';
    } else {
      const { timeoutMs, command } = health;
      const { code } = await docker.call(['exec', name, ...command], { timeoutMs });
      if (code === 0) return portsOf(state);
      why = code < 0 ? `its check took more than ${timeoutMs} ms` : `its check ended with exit code ${code}`;
    }
    const leftMs = untilMs - clock.monotonic();
    if (leftMs <= 0) return unhealthy(docker, service.name, name, `in ${startTimeoutMs} ms: ${why}`);
    // While it starts it is asked more often than while it runs.
    const pauseMs = Math.min(health?.intervalMs ?? LOOK_MS, LOOK_MS, leftMs);
    await new Promise<void>((resolve) => void clock.after(pauseMs, resolve));
  }
}

async function stateOf(docker: Docker, name: string): Promise<ServiceState> {
  const { code, output, complaint } = await docker.call(['container', 'inspect', name]);
  if (code !== 0) throw new StartError('ECONTAINER', `a service cannot be asked: ${complaint}`);
  return (JSON.parse(output) as ServiceState[])[0]!;
}

function endOf({ State }: ServiceState): string {
  return State.OOMKilled ? 'it ran out of memory' : `it ended with exit code ${State.ExitCode}`;
}

function portsOf({ NetworkSettings }: ServiceState): Record<string, number> {
  const found: Record<string, number> = {};
  for (const [inner, outer] of Object.entries(NetworkSettings.Ports ?? {})) {
    const port = outer?.[0]?.HostPort;
    // `80/tcp` is known as `80`, which is how the pipeline names it.
    if (port !== undefined) found[inner.replace(/\/tcp$/, '')] = Number(port);
  }
  return found;
}

async function unhealthy(docker: Docker, service: string, container: string, why: string): Promise<never> {
  const { output, complaint } = await docker.call(['logs', '--tail', TAIL_LINES, container]);
  const tail = [output, complaint].filter((text) => text !== '').join('\n');
  const said = tail === '' ? '; it printed nothing' : `; its last lines:\n${tail}`;
  throw new StartError('EUNHEALTHY', `service ${service} did not get healthy: ${why}${said}`);
}
