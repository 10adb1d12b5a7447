import type { Confinement, ContainerSpec, Executor } from '../executor/contract.ts';
import type { PlanContainer } from '../pipeline/plan-isolation.ts';
import type { JobMessage } from './contract.ts';
import type { Environment } from './environment.ts';
import { fill, type JobState } from './job-state.ts';
import type { RunnerOptions } from './options.ts';
import { JobProblem } from './problem.ts';

type Kind = 'process' | 'sandbox' | 'docker';

/**
 * Where the job's steps run: in its container, else as the job says, else on the machine itself, or in the sandbox when that
 * alone can hold to what is asked. Code of an untrusted run never runs on the machine itself. Throws a `JobProblem`.
 */
export function executorKind({ job, trust }: Pick<JobMessage, 'job' | 'trust'>): Kind {
  const { mode, network } = job.isolation;
  if (job.container !== null) {
    if (mode !== null && mode !== 'docker')
      throw new JobProblem(`the job has a container, so it cannot run with isolation ${mode}`);
    return 'docker';
  }
  if (mode === 'docker') throw new JobProblem('isolation docker needs an `image:` or `container:`');
  if (mode === 'process' && trust === 'untrusted') {
    throw new JobProblem(
      'an untrusted run may not run without isolation; take out `isolation: process`, so that the sandbox is used',
    );
  }
  if (mode === 'process' && network === 'none') {
    throw new JobProblem('without isolation the network cannot be taken away; use `isolation: sandbox`');
  }
  if (mode !== null) return mode;
  return trust === 'untrusted' || network === 'none' ? 'sandbox' : 'process';
}

/** The executor of the job. Rejects with a `UserError` when this machine cannot give it. */
export async function executorOf(options: RunnerOptions, message: JobMessage): Promise<Executor> {
  const kind = executorKind(message);
  return kind === 'process' ? options.executor : options.rooms.executor(kind, message.trust);
}

/**
 * What the job may see and use; undefined when it asks for nothing that the machine itself would not give. `folder`: its own;
 * `shared`: what the workspaces of the run read besides. Throws a `JobProblem`.
 */
export function confinementOf(
  kind: Executor['isolation']['kind'],
  state: JobState,
  variables: Environment,
  folder: string,
  shared: () => readonly string[],
): Confinement | undefined {
  const { isolation, container } = state.message.job;
  const { readable, limits } = isolation;
  const isCut = state.message.trust === 'untrusted' && kind === 'sandbox';
  const network = isCut ? 'none' : isolation.network;
  const isLimited = Object.values(limits).some((limit) => limit !== null);
  if ((kind === 'process' || kind === 'scripted') && !isLimited) return undefined;
  return {
    writable: [folder],
    readable: [...readable, ...shared()],
    network,
    limits,
    container: container && containerOf(container, state, variables),
  };
}

/** A container with its templates evaluated over `variables`. Throws a `JobProblem`. */
export function containerOf(
  container: PlanContainer,
  state: JobState,
  variables: Environment,
): ContainerSpec {
  const filled = (text: string, subject: string) =>
    fill(text, subject, () => state.context({ ...variables }));
  const image = filled(container.image, 'the image');
  // An engine would read one that begins with `-` as an option.
  if (!/^[A-Za-z0-9][\w.:/@+-]*$/.test(image))
    throw new JobProblem(`${JSON.stringify(image)} is no name of an image`);
  return {
    image,
    environment: Object.fromEntries(
      Object.entries(container.variables).map(([name, text]) => [name, filled(text, `variable ${name}`)]),
    ),
    ports: container.ports,
    volumes: container.volumes.map((volume) => filled(volume, 'a volume')),
    user: container.user === null ? null : filled(container.user, 'the user'),
    credentials: container.credentials && {
      username: filled(container.credentials.username, 'the user name for the image'),
      password: filled(container.credentials.password, 'the password for the image'),
    },
    options: container.options === null ? null : filled(container.options, 'the options'),
  };
}
