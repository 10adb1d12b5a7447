import type { Target } from '../contract.ts';
import { hostAgent } from '../host/agent.ts';
import { hostTarget } from '../host/host-target.ts';
import type { PortRange } from '../host/request.ts';
import { localTransport } from './local-transport.ts';

export interface ProcessTargetOptions {
  /** The environment's own folder on this machine, absolute. It is made when it is not there. */
  readonly directory: string;
  /** Names of its hosts, which are all this machine: each more than one has a folder of its own below `directory`. */
  readonly hosts: readonly string[];
  /** Ports for instances; null: the service's own. */
  readonly ports: PortRange | null;
  /** Whether instances are services of systemd; null: where there is one that outlives the session. */
  readonly systemd: boolean | null;
  /** How many of the newest releases stay when they are removed. */
  readonly keepReleases: number;
  /** What instances and commands get of PATH, HOME, USER, LOGNAME, SHELL, LANG and TZ. */
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** Releases as processes of this machine. They outlive the command that started them. */
export function openProcessTarget(options: ProcessTargetOptions): Target {
  const { directory, hosts, ports, systemd, keepReleases, environment } = options;
  return hostTarget({
    kind: 'process',
    sentence:
      'processes of this user on this machine, each below a supervisor that starts it again. Limits of processor and memory are held to where systemd keeps the supervisors, and else only measured',
    hosts: hosts.map((name, index) => ({
      name,
      address: '127.0.0.1',
      agent: hostAgent(
        localTransport(environment),
        hosts.length === 1 ? directory : `${directory}/host-${index + 1}`,
        systemd,
      ),
    })),
    ports,
    keepReleases,
  });
}
