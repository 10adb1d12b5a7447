import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { machineClock } from '../machine/clock.ts';
import type { Ballast } from '../machine/disk/ballast.ts';
import { DISK_LIMITS, floorBytes } from '../machine/disk/limits.ts';
import { diskSpace } from '../machine/disk/space.ts';
import { claimUpkeep, startUpkeep } from '../machine/disk/upkeep-mark.ts';

/**
 * When runs are over and nobody waits any more: begins upkeep in the background when that is due, and takes the ballast up
 * again. A data folder that serves one run alone gets neither.
 */
export function afterRun(directory: string, ballast: Ballast): void {
  const isNew = !existsSync(join(directory, 'upkeep'));
  if (claimUpkeep(directory, machineClock.now())) startUpkeep(directory);
  if (!isNew) ballast.restore(floorBytes(DISK_LIMITS.floor, diskSpace(directory)?.totalBytes ?? 0));
}
