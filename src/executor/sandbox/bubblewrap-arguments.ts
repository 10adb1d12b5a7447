import type { SystemMount } from './system-mounts.ts';

/** Who the job is in its sandbox, whoever it is on the machine. */
export const USER = 1000;

const PASSWD = `root:x:0:0:root:/nonexistent:/usr/sbin/nologin
sluice:x:${USER}:${USER}:sluice:/tmp:/bin/sh
nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin
`;
const GROUP = `root:x:0:\nsluice:x:${USER}:\nnogroup:x:65534:\n`;

/** What a sandbox is made of. All paths are absolute and have the same names inside. */
export interface SandboxPlan {
  readonly system: readonly SystemMount[];
  readonly writable: readonly string[];
  readonly readable: readonly string[];
  readonly network: 'host' | 'none';
  readonly directory: string;
  /** Of /tmp and of /dev/shm, which are the step's own and lie in memory. */
  readonly temporaryBytes: number;
  /** Let everything die with the supervisor: where it has no better way to end a tree. */
  readonly dieWithParent: boolean;
}

/**
 * The arguments of bubblewrap as words of confine.pl. Nothing of the machine is there but what is listed; what can be
 * written lies on mounts that give no rights to programs found there (bubblewrap makes every mount `nosuid,nodev`).
 */
export function bubblewrapWords(plan: SandboxPlan): string[] {
  const words: string[] = [];
  let count = 0;
  const argument = (...texts: readonly string[]) => {
    words.push(...texts.map((text) => `argument=${text}`));
    count += texts.length;
  };
  /** An argument of which bubblewrap gets something else: `source` or `data`. */
  const marked = (mark: 'source' | 'data', text: string) => {
    words.push(`${mark}=${count}`);
    argument(text);
  };

  argument('--unshare-all', '--unshare-user', '--disable-userns', '--cap-drop', 'ALL', '--new-session');
  argument('--uid', String(USER), '--gid', String(USER), '--hostname', 'sluice');
  if (plan.network === 'host') argument('--share-net');
  if (plan.dieWithParent) argument('--die-with-parent');

  for (const mount of plan.system) {
    if (mount.kind === 'link') argument('--symlink', mount.target, mount.path);
    else argument('--ro-bind', mount.source, mount.path);
  }
  for (const [file, text] of [
    ['/etc/passwd', PASSWD],
    ['/etc/group', GROUP],
  ] as const) {
    argument('--perms', '0644', '--ro-bind-data');
    marked('data', text);
    argument(file);
  }
  const size = ['--size', String(plan.temporaryBytes)];
  argument('--proc', '/proc', '--dev', '/dev', ...size, '--perms', '1777', '--tmpfs', '/dev/shm');
  argument(
    '--remount-ro',
    '/dev',
    ...size,
    '--perms',
    '1777',
    '--tmpfs',
    '/tmp',
    '--dir',
    '/var/tmp',
    '--dir',
    '/run',
  );

  // Outer folders first, so that none hides an inner one.
  const own = [
    ...plan.readable.map((path) => ({ path, option: '--ro-bind' })),
    ...plan.writable.map((path) => ({ path, option: '--bind' })),
  ].sort((one, other) => one.path.length - other.path.length);
  for (const { path, option } of own) {
    argument(option);
    marked('source', path);
    argument(path);
  }
  argument('--remount-ro', '/', '--chdir', plan.directory);
  return words;
}

/** What a sandbox has of its own, new for each step. */
const OWN_FOLDERS = ['/', '/tmp', '/dev', '/proc', '/run', '/var/tmp'];

/** Whether the path is in the sandbox, as far as the machine has it: below something that is mounted. */
export function isShown(
  { system, writable, readable }: Omit<SandboxPlan, 'directory'>,
  path: string,
): boolean {
  const roots = [...system.map((mount) => mount.path), ...writable, ...readable];
  return roots.some((root) => path === root || path.startsWith(`${root}/`));
}

/** Whether a step can begin in that folder whatever the machine has. */
export function isOwnFolder(path: string): boolean {
  return OWN_FOLDERS.includes(path);
}
