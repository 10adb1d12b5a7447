import { lstatSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** What a sweep removed. */
export interface Swept {
  readonly count: number;
  readonly bytes: number;
}

/** A folder on its way out; what a killed sweep left of one goes with the next. */
const GOING = '.going-';

export interface LogSweep {
  /** Holds a folder for each run. */
  readonly folder: string;
  readonly bytesMax: number;
  readonly ageMaxMs: number;
  readonly nowMs: number;
  /** Whether nobody writes to the logs in that folder (its name) any more. */
  readonly isOver: (name: string) => Promise<boolean>;
}

/**
 * Removes logs of runs that are over: those that are too old, then the oldest until the rest fits. A log goes whole: it is put
 * aside by its name first, so that a reader finds all of it or nothing. May be killed at any instant.
 */
export async function sweepLogs({ folder, bytesMax, ageMaxMs, nowMs, isOver }: LogSweep): Promise<Swept> {
  let [count, bytes] = [0, 0];
  for (const name of namesIn(folder)) if (name.startsWith(GOING)) bytes += removed(join(folder, name));
  const found = namesIn(folder).map((name) => ({ name, ...usage(join(folder, name)) }));
  let left = found.reduce((sum, one) => sum + one.bytes, 0);
  for (const one of found.sort((a, b) => a.changedAtMs - b.changedAtMs)) {
    const isOld = nowMs - one.changedAtMs > ageMaxMs;
    if (!isOld && left <= bytesMax) continue;
    if (!(await isOver(one.name))) continue;
    const going = join(folder, `${GOING}${one.name}`);
    renameSync(join(folder, one.name), going);
    bytes += removed(going);
    left -= one.bytes;
    count += 1;
  }
  return { count, bytes };
}

/** Removes what in a folder was not changed for so long. For what costs only time when it is missed. */
export function sweepOld(folder: string, ageMaxMs: number, nowMs: number): Swept {
  let [count, bytes] = [0, 0];
  for (const name of namesIn(folder)) {
    const path = join(folder, name);
    const stats = lstatSync(path, { throwIfNoEntry: false });
    if (stats === undefined || nowMs - stats.mtimeMs <= ageMaxMs) continue;
    bytes += removed(path);
    count += 1;
  }
  return { count, bytes };
}

/** What a path takes on the disk with all that is in it, and when something in it was last changed. */
function usage(path: string): { readonly bytes: number; readonly changedAtMs: number } {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return { bytes: 0, changedAtMs: 0 };
  let bytes = stats.blocks * 512;
  let changedAtMs = stats.mtimeMs;
  if (stats.isDirectory()) {
    for (const name of namesIn(path)) {
      const inner = usage(join(path, name));
      bytes += inner.bytes;
      changedAtMs = Math.max(changedAtMs, inner.changedAtMs);
    }
  }
  return { bytes, changedAtMs };
}

function removed(path: string): number {
  const { bytes } = usage(path);
  rmSync(path, { recursive: true, force: true });
  return bytes;
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return [];
    throw error;
  }
}
