import { readFileSync } from 'node:fs';

import { digestOf } from '../../base/digest.ts';

/** Above what distributions, directories and containers give away. */
const FIRST = 0x7000_0000;
const COUNT = 0x0010_0000;
const NOBODY = 65_534;

/**
 * The unprivileged user of the machine that a job runs as when Sluice is root: one of its own, found by the job's key, so
 * that a resumed run finds the same. Where user namespaces know no such numbers (Sluice in a container) all are `nobody`.
 * 0: Sluice is an unprivileged user already, and the job is the same one.
 */
export function jobUser(jobKey: string): number {
  if (process.geteuid?.() !== 0) return 0;
  return knows(FIRST + COUNT) ? FIRST + (Number.parseInt(digestOf(jobKey).slice(0, 8), 16) % COUNT) : NOBODY;
}

/** Whether this user namespace has a user of that number. */
function knows(user: number): boolean {
  const ranges = readFileSync('/proc/self/uid_map', 'utf8').trim().split('\n');
  return ranges.some((range) => {
    const [first, , count] = range.trim().split(/\s+/).map(Number);
    return user >= first! && user < first! + count!;
  });
}
