import { readFileSync } from 'node:fs';
import { type Fault, isFault } from './fault.ts';

/** What a build is: written beside its files by build.ts. */
export interface Release {
  readonly version: string;
  readonly commit: string;
  readonly fault: Fault;
}

/** The release in whose folder this file lies; from a checkout, the sources as they are. */
export function readRelease(folder: URL): Release {
  let written: Partial<Release>;
  try {
    written = JSON.parse(readFileSync(new URL('release.json', folder), 'utf8'));
  } catch {
    return { version: 'sources', commit: 'unknown', fault: 'none' };
  }
  const { version = 'unknown', commit = 'unknown', fault } = written;
  return { version, commit, fault: isFault(fault) ? fault : 'none' };
}
