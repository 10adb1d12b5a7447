import type { PlanJob } from '../../plan.ts';
import type { PlanContainer } from '../../plan-isolation.ts';
import type { LossNote } from '../contract.ts';
import type { Tree } from '../yaml.ts';

type Text = (template: string) => string;

/** What stands under `image`. */
export function writtenImage({ id, container }: PlanJob, text: Text, notes: LossNote[]): Tree | undefined {
  if (!container) return undefined;
  containerLosses(`job ${id}`, container, notes);
  if (container.user === null) return text(container.image);
  return { name: text(container.image), docker: { user: text(container.user) } };
}

/** The containers beside the job. Commands beside it are a part of its script. */
export function writtenServices({ id, services }: PlanJob, text: Text, notes: LossNote[]): Tree | undefined {
  const containers = services.flatMap((service) => {
    if (service.kind === 'command') return [];
    const { name, container, command, health, place } = service;
    containerLosses(`job ${id}: service ${name}`, container, notes);
    if (health) {
      notes.push({
        feature: 'service.health',
        message: `job ${id}: service ${name}: its health check ${health.name}`,
        instead: 'GitLab waits until its port answers',
        place,
      });
    }
    const variables = Object.entries(container.variables).map(([key, value]) => [key, text(value)]);
    return [
      {
        name: text(container.image),
        alias: name,
        variables: variables.length > 0 ? Object.fromEntries(variables) : undefined,
        command: command === null ? undefined : ['sh', '-c', text(command)],
      },
    ];
  });
  return containers.length > 0 ? containers : undefined;
}

function containerLosses(what: string, container: PlanContainer, notes: LossNote[]): void {
  const { credentials, ports, volumes, options, place } = container;
  const lose = (message: string, instead: string) =>
    notes.push({ feature: 'container', message: `${what}: ${message}`, instead, place });
  if (credentials)
    lose(`the user ${credentials.username} of the registry`, 'DOCKER_AUTH_CONFIG has to have it');
  if (ports.length > 0) lose(`the ports ${ports.join(', ')}`, 'the job reaches a service by its name');
  if (volumes.length > 0) lose(`the volumes ${volumes.join(', ')}`, 'the runner has its own');
  if (options !== null) lose(`the options ${options}`, 'the runner has its own');
}
