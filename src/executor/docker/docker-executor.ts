import { join } from 'node:path';

import { userError } from '../../base/diagnostic.ts';
import type { Clock } from '../../base/port.ts';
import { buildImage } from '../../driver/docker/build.ts';
import { type Docker, findDocker } from '../../driver/docker/docker.ts';
import { askEngine, type Engine } from '../../driver/docker/engine.ts';
import { type Executor, StartError } from '../contract.ts';
import type { ConfinedJob } from '../process/confined-step.ts';
import { openProcessExecutor } from '../process/process-executor.ts';
import { DockerJob } from './docker-job.ts';
import { enterPlace, groupsIn, jobPlace, LABEL, leaveGroup, leaveJob } from './place.ts';
import { reap, removeLabelled } from './removal.ts';

export interface DockerExecutorOptions {
  /** A private folder for receipts, made when missing. The next owner must be given the same. */
  readonly directory: string;
  readonly clock: Clock;
  /** Who this process is, and whether another one lives; null: that cannot be told. */
  readonly owners: { readonly self: string; alive(owner: string): boolean | null };
  /** Where the program is looked for, and what it is told about its engine. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Refuse a container whose system calls are not filtered: for work that is not trusted. */
  readonly requireSound: boolean;
  /** How long output may still come after the end of a step, when something holds the stream open. */
  readonly drainMs?: number;
}

/**
 * Opens the executor that runs the steps of a job in a container of its own. Command lines of the engine are started, watched and
 * taken over as the process executor does it. Throws a `UserError` when there is no engine.
 */
export async function openDockerExecutor(options: DockerExecutorOptions): Promise<Executor> {
  const { directory, clock, owners, environment, requireSound, drainMs = 250 } = options;
  const { docker, engine } = await openEngine(environment);
  await reap(docker, owners.alive);
  const inner = await openProcessExecutor({ directory: join(directory, 'lines'), clock, drainMs });
  const user =
    process.getuid?.() === 0 || engine.isRootless ? null : `${process.getuid?.()}:${process.getgid?.()}`;
  return {
    isolation: {
      kind: 'docker',
      rung: 'pid-namespace',
      sentence: `Container: each job has its own files, processes and network, and no rights of root (${engine.name}).`,
    },
    openJob: async ({ jobKey, confinement }) => {
      if (confinement === undefined) {
        throw new StartError('EINVAL', 'a job in Docker has to say what it may see and use');
      }
      const place = jobPlace(directory, owners.self, jobKey);
      const isKnown = enterPlace(place);
      const job = new DockerJob({
        docker,
        clock,
        place,
        confinement,
        requireSound,
        user: engine.isRootless ? '0:0' : user,
        inner: await inner.openJob({ jobKey }),
        directory,
        drainMs,
        isKnown,
      });
      await job.open();
      if (confinement.limits.diskBytes === null) return job;
      return withDiskLimit(
        job,
        confinement.limits.diskBytes,
        [...confinement.writable, place.receipts],
        clock,
      );
    },
    sweep: async (jobKey) => {
      const isKnown = groupsIn(directory).includes(jobKey.split('.')[0]!);
      const killed = isKnown ? await removeLabelled(docker, LABEL.job, jobKey) : 0;
      const lines = await inner.sweep(jobKey);
      leaveJob(directory, jobKey);
      return killed + lines;
    },
    groups: () => [...new Set([...inner.groups(), ...groupsIn(directory)])],
    sweepGroup: async (group) => {
      const isKnown = groupsIn(directory).includes(group);
      const killed = isKnown ? await removeLabelled(docker, LABEL.run, group) : 0;
      const lines = await inner.sweepGroup(group);
      leaveGroup(directory, group);
      return killed + lines;
    },
    makeImage: async (folder, file) => {
      const made = await buildImage(docker, folder, file, { [LABEL.owner]: owners.self });
      if (typeof made === 'string') throw new StartError('ECONTAINER', made);
      return made.id;
    },
    shutdown: () => inner.shutdown(),
  };
}

/** Finds the program and its engine. Throws a `UserError` when one is missing. */
export async function openEngine(
  environment: DockerExecutorOptions['environment'],
): Promise<{ readonly docker: Docker; readonly engine: Engine }> {
  const docker = findDocker(environment);
  if (docker === null) {
    throw userError(
      'executor.no-docker',
      'a job in a container needs Docker; its program `docker` was not found',
      'apt-get install docker.io',
      3,
    );
  }
  const engine = await askEngine(docker);
  if (typeof engine !== 'string') return { docker, engine };
  throw userError(
    'executor.no-engine',
    `${docker.program} reaches no container engine: ${engine}`,
    'start it with `systemctl start docker`, or let DOCKER_HOST say where it is',
    3,
  );
}

/** The engine has no limit for folders of the machine, so their size is looked at. */
async function withDiskLimit(job: ConfinedJob, diskBytes: number, writable: readonly string[], clock: Clock) {
  const { limitedJob } = await import('../limit/limited-job.ts');
  const groups = { words: [], counts: () => ({ memory: 0, processes: 0 }), remove: () => true };
  const limits = { cpus: null, memoryBytes: null, processesMax: null, diskBytes };
  return limitedJob(job, { limits, groups, writable, clock });
}
