import { realpathSync, statSync } from 'node:fs';

import { StartError } from '../contract.ts';

/** Paths that must not be shown, whoever asks: they give the machine away. */
const FORBIDDEN = [
  '/',
  '/proc',
  '/sys',
  '/dev',
  '/run',
  '/var/run',
  '/etc',
  '/root',
  '/home',
  '/var',
  '/boot',
];

/** Throws `StartError` for the first path that a sandbox must not show, or that is not what its name says. */
export function refuseForbidden(paths: readonly string[], where = 'the sandbox'): void {
  for (const path of paths) {
    const forbidden = whyForbidden(path);
    if (forbidden !== null) {
      throw new StartError('EINVAL', `${path} cannot be shown in ${where}: ${forbidden}`);
    }
  }
}

function whyForbidden(path: string): string | null {
  if (!path.startsWith('/')) return 'it is not an absolute path';
  let real: string;
  try {
    real = realpathSync.native(path);
  } catch {
    return 'there is none';
  }
  if (real !== path) return `it leads to ${real}; name that one`;
  if (FORBIDDEN.includes(real)) return 'a job may not have all of it';
  return statSync(real).isSocket() ? 'a socket leads out' : null;
}
