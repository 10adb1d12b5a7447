import { openSsh } from '../../../driver/ssh/ssh.ts';
import type { HostDefinition } from '../../../pipeline/plan-environment.ts';
import type { Target } from '../contract.ts';
import { hostAgent } from '../host/agent.ts';
import { hostTarget } from '../host/host-target.ts';
import type { PortRange } from '../host/request.ts';
import { sshTransport } from './ssh-transport.ts';

export interface SshTargetOptions {
  /** The environment's own folder on each host; a relative one lies in the user's home there. It is made when it is not there. */
  readonly directory: string;
  /** Each is called by its `host`. */
  readonly hosts: readonly Omit<HostDefinition, 'place'>[];
  /** Ports for instances; null: the service's own. */
  readonly ports: PortRange | null;
  /** Whether instances are services of systemd; null: where there is one that outlives the session. */
  readonly systemd: boolean | null;
  /** How many of the newest releases stay when they are removed. */
  readonly keepReleases: number;
  /** The value of a secret by its name, for the private keys that hosts name; null: there is none. Asked for at each new connection. */
  readonly secret: (name: string) => Promise<string | null>;
  /** What ssh gets of PATH, HOME, USER, LOGNAME, LANG and SSH_AUTH_SOCK. */
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** Releases as processes of other machines, reached with the program ssh. They need sshd, perl and Debian's essential packages. */
export function openSshTarget(options: SshTargetOptions): Target {
  const { directory, hosts, ports, systemd, keepReleases, secret, environment } = options;
  return hostTarget({
    kind: 'ssh',
    sentence:
      'processes of the login user on each host, each below a supervisor that starts it again. Limits of processor and memory are held to where systemd keeps the supervisors, and else only measured',
    hosts: hosts.map(({ key, ...destination }) => {
      const address = destination.host.replace(/^\[(.*)\]$/, '$1');
      const ssh = openSsh({
        ...destination,
        host: address,
        environment,
        key: key === null ? null : async () => keyOf(key, await secret(key)),
      });
      return {
        name: destination.host,
        address,
        agent: hostAgent(sshTransport(ssh), directory, systemd),
      };
    }),
    ports,
    keepReleases,
  });
}

function keyOf(name: string, text: string | null): { text: string } | { problem: string } {
  if (text !== null) return { text };
  return {
    problem: `is the secret ${name}, which is not there; store it with \`sluice secret set ${name}\``,
  };
}
