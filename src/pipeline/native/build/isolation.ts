import type * as z from 'zod';
import { NO_ISOLATION } from '../../plan-default.ts';
import type { PlanContainer, PlanIsolation, PlanLimits, PlanService } from '../../plan-isolation.ts';
import type { Node } from '../node.ts';
import type { Problems } from '../problem.ts';
import { headOf } from '../read.ts';
import type { commandServiceSchema, containerSchema, containerServiceSchema } from '../schema/container.ts';
import { parseProcessors, parseSize } from '../size.ts';
import { nodeAt } from '../value.ts';
import type { BuildContext } from './context.ts';
import { healthCheckOf } from './health-check.ts';
import type { JobDefinition } from './step.ts';
import { durationMs, placeOfNode, texts } from './text.ts';

const START_TIMEOUT_MS = 120_000;

/** What keeps a job apart. A mode that cannot be with its container is reported. */
export function isolationOf(job: JobDefinition, context: BuildContext): PlanIsolation {
  const { isolation, network, limits } = job;
  if (isolation === undefined && network === undefined && limits === undefined) {
    return job.image === undefined && job.container === undefined
      ? NO_ISOLATION
      : { ...NO_ISOLATION, mode: 'docker' };
  }
  const definition = typeof isolation === 'string' ? { mode: isolation } : (isolation ?? {});
  const contained = job.image !== undefined || job.container !== undefined;
  if (definition.mode === 'docker' && !contained) {
    context.problems.error(
      'no-image',
      headOf(nodeAt(job, 'isolation')),
      'a job in Docker needs to know in which image it runs',
      { suggestion: 'add `image: debian:13`, or another one' },
    );
  }
  if (contained && definition.mode !== undefined && definition.mode !== 'docker') {
    context.problems.error(
      'two-isolations',
      headOf(nodeAt(job, 'isolation')),
      `the job runs in a container and cannot have the isolation \`${definition.mode}\``,
      { suggestion: 'remove `isolation`, or the container' },
    );
  }
  return {
    mode: contained ? 'docker' : (definition.mode ?? null),
    network: network ?? 'host',
    readable: definition.readable ?? [],
    limits: limitsOf(limits),
  };
}

function limitsOf(limits: JobDefinition['limits']): PlanLimits {
  return {
    cpus: amount(limits?.cpu, parseProcessors),
    memoryBytes: amount(limits?.memory, parseSize),
    processesMax: limits?.pids ?? null,
    diskBytes: amount(limits?.disk, parseSize),
  };
}

/** A checked amount, or null where there is none. */
export function amount(
  value: string | number | undefined,
  parse: (value: string | number) => number | null,
): number | null {
  return value === undefined ? null : parse(value);
}

/** The container under `container` or `image`; both are reported. */
export function containerOf(job: JobDefinition, context: BuildContext): PlanContainer | null {
  if (job.image !== undefined && job.container !== undefined) {
    context.problems.error(
      'duplicate-key',
      headOf(nodeAt(job, 'image')),
      '`image` and `container` say the same',
      { suggestion: 'keep `container`, with the image in it' },
    );
  }
  if (job.container !== undefined) return planned(job.container, nodeAt(job, 'container'));
  return job.image === undefined ? null : planned(job.image, nodeAt(job, 'image'));
}

function planned(given: string | z.input<typeof containerSchema>, node: Node): PlanContainer {
  const definition = typeof given === 'string' ? { image: given } : given;
  return {
    image: definition.image,
    credentials: definition.credentials ? { ...definition.credentials } : null,
    variables: texts(definition.env),
    ports: (definition.ports ?? []).map(String),
    volumes: definition.volumes ?? [],
    user: definition.user ?? null,
    options: definition.options ?? null,
    place: placeOfNode(node),
  };
}

/** What runs beside a job. `shell` and `workingDirectory` are those of its steps. */
export function jobServicesOf(
  job: JobDefinition,
  defaults: { readonly shell: string; readonly workingDirectory: string },
  problems: Problems,
): PlanService[] {
  const { services = {} } = job;
  return Object.entries(services).map(([name, given]): PlanService => {
    const node = nodeAt(services, name);
    const definition: z.input<typeof containerServiceSchema> | z.input<typeof commandServiceSchema> =
      typeof given === 'string' ? { image: given } : given;
    const common = {
      name,
      health: healthCheckOf(definition, problems),
      startTimeoutMs: durationMs(definition.start_timeout, START_TIMEOUT_MS),
      place: placeOfNode(node),
    };
    if ('image' in definition) {
      const { image, credentials, env, ports, volumes, user, options } = definition;
      const container = planned({ image, credentials, env, ports, volumes, user, options }, node);
      return { ...common, kind: 'container', container, command: definition.command ?? null };
    }
    return {
      ...common,
      kind: 'command',
      run: definition.run,
      shell: definition.shell ?? defaults.shell,
      workingDirectory: definition.working_directory ?? defaults.workingDirectory,
      variables: texts(definition.env),
    };
  });
}
