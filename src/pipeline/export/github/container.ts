import { shellWord } from '../../../base/shell-word.ts';
import type { HealthCheck } from '../../plan-health-check.ts';
import type { PlanContainer, PlanService } from '../../plan-isolation.ts';
import type { LossNote } from '../contract.ts';
import { type Tree, told } from '../yaml.ts';
import type { GithubWords } from './expression.ts';

/** What stands under `container`, or under one of `services`. */
export function writtenContainer(container: PlanContainer, words: GithubWords): Record<string, Tree> {
  const { image, credentials, variables, ports, volumes, user, options } = container;
  const all = [options, user === null ? null : `--user ${user}`].filter((one) => one !== null);
  return defined({
    image: words.template(image),
    credentials: credentials
      ? { username: words.template(credentials.username), password: words.template(credentials.password) }
      : undefined,
    env: Object.keys(variables).length > 0 ? words.templates(variables) : undefined,
    ports: ports.length > 0 ? ports : undefined,
    volumes: volumes.length > 0 ? volumes.map(words.template) : undefined,
    options: all.length > 0 ? words.template(all.join(' ')) : undefined,
  });
}

/** The containers beside a job; commands beside it are steps: see `writtenSteps`. */
export function writtenServices(services: readonly PlanService[], words: GithubWords): Tree | undefined {
  const containers = services.flatMap((service): [string, Tree][] => {
    if (service.kind === 'command') return [];
    const { name, command, health } = service;
    const container = { ...service.container };
    const notes = health && health.ask.kind !== 'command' ? [healthLoss(name, health)] : [];
    const asked = health?.ask.kind === 'command' ? healthOptions(health, health.ask.run) : null;
    const options = [container.options, asked].filter((one) => one !== null).join(' ');
    const written = writtenContainer({ ...container, options: options === '' ? null : options }, words);
    const whole = command === null ? written : { ...written, command: words.template(command) };
    return [[name, told(whole, notes)]];
  });
  return containers.length > 0 ? Object.fromEntries(containers) : undefined;
}

function healthOptions({ intervalMs, timeoutMs, failureThreshold }: HealthCheck, run: string): string {
  const seconds = (ms: number) => `${Math.max(1, Math.ceil(ms / 1000))}s`;
  return `--health-cmd ${shellWord(run)} --health-interval ${seconds(intervalMs)} --health-timeout ${seconds(timeoutMs)} --health-retries ${failureThreshold}`;
}

function healthLoss(service: string, { name, place }: HealthCheck): LossNote {
  return {
    feature: 'service.health',
    message: `nobody asks the service ${service} from outside whether it works (${name})`,
    instead: "it counts as ready when its image's own check says so",
    place,
  };
}

function defined(tree: Readonly<Record<string, Tree | undefined>>): Record<string, Tree> {
  return Object.fromEntries(
    Object.entries(tree).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])),
  );
}
