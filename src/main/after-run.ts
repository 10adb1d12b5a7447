import { machineClock } from '../machine/clock.ts';
import type { Ballast } from '../machine/disk/ballast.ts';
import { DISK_LIMITS, floorBytes } from '../machine/disk/limits.ts';
import { diskSpace } from '../machine/disk/space.ts';
import { claimUpkeep, startUpkeep } from '../machine/disk/upkeep-mark.ts';

/**
 * When runs are over and nobody waits any more: begins upkeep in the background when that is due, and takes the ballast up
 * again.
 */
export function afterRun(directory: string, ballast: Ballast): void {
  if (claimUpkeep(directory, machineClock.now())) startUpkeep(directory);
  ballast.restore(floorBytes(DISK_LIMITS.floor, diskSpace(directory)?.totalBytes ?? 0));
}
