import { existsSync, lstatSync, readlinkSync, realpathSync } from 'node:fs';

/** One thing that a sandbox shows of the machine, under the same name; a link stays a link. */
export type SystemMount =
  | { readonly kind: 'folder'; readonly path: string; readonly source: string }
  | { readonly kind: 'link'; readonly path: string; readonly target: string };

/** Programs and libraries. */
const FOLDERS = ['/usr', '/bin', '/sbin', '/lib', '/lib32', '/lib64', '/libx32'];

/**
 * What programs look up in /etc to work at all: names, certificates, libraries, time zone, languages. Not the list of users
 * and nothing with a password: these files are made anew for each sandbox.
 */
const SETTINGS = [
  'alternatives',
  'bash.bashrc',
  'ca-certificates',
  'ca-certificates.conf',
  'debian_version',
  'fonts',
  'gai.conf',
  'host.conf',
  'hosts',
  'inputrc',
  'java-11-openjdk',
  'java-17-openjdk',
  'java-21-openjdk',
  'ld.so.cache',
  'ld.so.conf',
  'ld.so.conf.d',
  'locale.alias',
  'locale.conf',
  'localtime',
  'magic',
  'maven',
  'mime.types',
  'nsswitch.conf',
  'os-release',
  'perl',
  'pki',
  'protocols',
  'python3',
  'resolv.conf',
  'services',
  'ssl',
  'terminfo',
  'timezone',
];

/** Looks at the machine for what every sandbox on it shows. */
export function systemMounts(): SystemMount[] {
  return [...FOLDERS, ...SETTINGS.map((name) => `/etc/${name}`)].filter(existsSync).map(mountOf);
}

function mountOf(path: string): SystemMount {
  // A link within /usr leads to the same place inside; resolv.conf may lead to /run, which is not there.
  const isLink = lstatSync(path).isSymbolicLink();
  const source = realpathSync(path);
  if (isLink && source.startsWith('/usr/')) return { kind: 'link', path, target: readlinkSync(path) };
  return { kind: 'folder', path, source };
}
