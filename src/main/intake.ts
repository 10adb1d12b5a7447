import { userError } from '../base/diagnostic.ts';
import { parseDuration } from '../base/duration.ts';
import { formatBytes } from '../base/size.ts';
import { type DiskLimits, floorBytes, readDiskLimits } from '../machine/disk/limits.ts';
import { diskSpace } from '../machine/disk/space.ts';
import { parseSize, RETENTION_MAX_MS } from '../pipeline/native/size.ts';

/** The limits that the environment sets. Throws a `UserError` that names a setting which cannot be read. */
export function diskLimits(environment: NodeJS.ProcessEnv): DiskLimits {
  const readers = { size: parseSize, time: (text: string) => parseDuration(text, RETENTION_MAX_MS) };
  return readDiskLimits(environment, readers, (name, text, expected) =>
    userError('bad-setting', `${name} is ${JSON.stringify(text)}, which cannot be read`, `give ${expected}`),
  );
}

/**
 * Refuses a new run or release while a disk that it would write to is nearly full: what is left belongs to what goes on. Throws a
 * `UserError` (exit 3) that names the disk and the way out.
 */
export function requireSpace(folders: readonly string[], environment: NodeJS.ProcessEnv): void {
  const { floor } = diskLimits(environment);
  for (const folder of folders) {
    const space = diskSpace(folder);
    if (space === null) continue;
    const wantedBytes = floorBytes(floor, space.totalBytes);
    if (space.freeBytes >= wantedBytes) continue;
    throw userError(
      'disk-low',
      `the disk of ${folder} has ${formatBytes(space.freeBytes)} left, and below ${formatBytes(wantedBytes)} nothing new begins; what goes on is left the rest`,
      'make room: `sluice cache prune` (with --max-size for more), `sluice artifact remove`; or another floor: SLUICE_DISK_FLOOR',
      3,
    );
  }
}
