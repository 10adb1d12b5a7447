import { visible } from '../../base/text.ts';

/** Where a connection goes. */
export interface SshDestination {
  readonly host: string;
  readonly port: number;
  /** null: as the user's own configuration says. */
  readonly user: string | null;
  /** The host's own key, such as `ssh-ed25519 AAAA...`; null: as the user's `known_hosts` says. */
  readonly hostKey: string | null;
}

/** Files of one connection, in a private folder. */
export interface SshFiles {
  readonly socket: string;
  /** null: the user's keys and agent. */
  readonly key: string | null;
  /** null: the user's own. */
  readonly knownHosts: string | null;
}

const HOST = /^[A-Za-z0-9_:][A-Za-z0-9_.:%-]{0,253}$/;
const USER = /^[A-Za-z0-9_][A-Za-z0-9_.@-]{0,63}$/;
const HOST_KEY = /^(?:\S+ )??((?:ssh|ecdsa|sk)-[\w@.-]+ [A-Za-z0-9+/]+={0,2})(?: .*)?$/;

/** Why there can be no connection to it, as a sentence with the way out; null: there can. */
export function destinationProblem({ host, port, user, hostKey }: SshDestination): string | null {
  // What begins with a hyphen would be an option to ssh.
  if (!HOST.test(host)) return `\`${visible(host)}\` is no name or address of a host; correct \`host\``;
  if (!(Number.isInteger(port) && port >= 1 && port <= 65_535))
    return `${port} is no port; give one from 1 to 65535`;
  if (user !== null && !USER.test(user)) return `\`${visible(user)}\` is no name of a user; correct \`user\``;
  if (hostKey !== null && !HOST_KEY.test(hostKey.trim()))
    return `the host key of ${host} is none; give it as \`ssh-keyscan -t ed25519 ${host}\` prints it`;
  return null;
}

/** The name under which the host key is known: of this connection alone, whatever the host is called. */
const ALIAS = 'sluice-host';

/** The file of known hosts for a host key that `destinationProblem` let through. */
export function knownHostsOf(hostKey: string): string {
  return `${ALIAS} ${HOST_KEY.exec(hostKey.trim())![1]}\n`;
}

/**
 * The words of ssh for one command. It asks nobody, trusts no host that is not known, forwards nothing, and shares one connection by
 * the socket. `connects`: it may make that connection; else it uses the one that is there, and fails without it.
 */
export function sshWords(
  { host, port, user, hostKey }: SshDestination,
  { socket, key, knownHosts }: SshFiles,
  command: string,
  connects: boolean,
): string[] {
  const options = [
    'BatchMode=yes',
    'StrictHostKeyChecking=yes',
    'UpdateHostKeys=no',
    'PasswordAuthentication=no',
    'KbdInteractiveAuthentication=no',
    'ClearAllForwardings=yes',
    'ForwardAgent=no',
    'ForwardX11=no',
    'PermitLocalCommand=no',
    'RemoteCommand=none',
    'RequestTTY=no',
    'EscapeChar=none',
    'SendEnv=-*',
    'LogLevel=ERROR',
    'ConnectTimeout=10',
    // A connection that is dead is found so within a quarter of a minute.
    'ServerAliveInterval=5',
    'ServerAliveCountMax=3',
    `ControlPath=${socket}`,
    ...(connects ? ['ControlMaster=auto', 'ControlPersist=60'] : ['ControlMaster=no', 'ProxyCommand=exit 1']),
    ...(key === null ? [] : [`IdentityFile=${key}`, 'IdentitiesOnly=yes', 'IdentityAgent=none']),
    ...(hostKey === null || knownHosts === null
      ? []
      : [
          `UserKnownHostsFile=${knownHosts}`,
          'GlobalKnownHostsFile=/dev/null',
          `HostKeyAlias=${ALIAS}`,
          'CheckHostIP=no',
          'VerifyHostKeyDNS=no',
        ]),
  ];
  const login = user === null ? [] : ['-l', user];
  return [...options.flatMap((option) => ['-o', option]), '-p', `${port}`, ...login, '--', host, command];
}

/** Why a connection could not be made, from what ssh complained of. Ends with what to do. */
export function connectionProblem(complaint: string, { host, port, hostKey }: SshDestination): string {
  const place = `${host}:${port}`;
  const lines = complaint.split('\n').map((line) => line.trim());
  const has = (text: string) => complaint.includes(text);
  if (has('IDENTIFICATION HAS CHANGED') || (has('Host key verification failed') && hostKey !== null))
    return `${place} shows another host key than the one that is known; find out why before you change ${hostKey === null ? '`known_hosts`' : '`host_key`'}`;
  if (has('Host key verification failed') || has('host key is known'))
    return `the host key of ${place} is not known; give it as \`host_key\`, or connect once with \`ssh -p ${port} ${host}\``;
  if (has('Permission denied'))
    return `${place} accepts none of the keys; put the public key into the user's \`authorized_keys\` there, or give the right \`user\` and \`key\``;
  if (has('Could not resolve hostname')) return `the name ${host} is not known; correct \`host\``;
  if (has('Connection refused')) return `nothing listens at ${place}; start sshd there, or correct \`port\``;
  if (has('timed out') || has('No route to host') || has('unreachable'))
    return `${place} does not answer; see that the host is up and can be reached`;
  const last = lines.filter(Boolean).at(-1) ?? 'ssh said nothing';
  return `no connection to ${place}: ${visible(last)}; try \`ssh -p ${port} ${host}\``;
}
