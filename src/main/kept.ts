import { join } from 'node:path';
import { archives } from '../artifact/archive/archives.ts';
import { openFolderCollector } from '../cache/storage/folder/collector.ts';
import type { KeptRooms } from '../client/kept.ts';
import { machineClock } from '../machine/clock.ts';
import { machineOwners } from '../machine/owners.ts';
import { machineRandom } from '../machine/random.ts';
import { openKeeping } from './rooms.ts';

/** What commands about artifacts and caches stand on. `directory`: Sluice's data folder. */
export async function openKept(
  directory: string,
  environment: NodeJS.ProcessEnv,
  warn: (message: string) => void,
): Promise<KeptRooms> {
  const keeping = await openKeeping(directory, environment, warn);
  const own = join(directory, 'storage');
  const folders = new Set([own, environment.ARTIFACT_STORAGE_PATH || own]);
  const collectors = [...folders].map((folder) =>
    openFolderCollector({ directory: folder, clock: machineClock, owners: machineOwners() }),
  );
  return {
    artifacts: keeping.artifacts,
    caches: keeping.caches,
    archives: archives({ random: machineRandom }),
    collectors,
    async close() {
      for (const collector of collectors) collector.close();
      await keeping.close();
    },
  };
}
