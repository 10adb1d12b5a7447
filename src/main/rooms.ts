import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { artifactStore } from '../artifact/artifact-store.ts';
import type { ArtifactStore } from '../artifact/contract.ts';
import { userError } from '../base/diagnostic.ts';
import type { DirectoryCaches, Storage, TreeStore } from '../cache/contract.ts';
import { directoryCaches } from '../cache/directory-caches.ts';
import { openFolderStorage } from '../cache/storage/folder/folder-storage.ts';
import { treeStore } from '../cache/tree/tree-store.ts';
import type { Executor } from '../executor/contract.ts';
import { machineClock } from '../machine/clock.ts';
import { machineOwners } from '../machine/owners.ts';
import { machineRandom } from '../machine/random.ts';
import type { RunnerRooms } from '../runner/rooms.ts';

/** What is kept between runs: the rooms over one storage. */
export interface Keeping {
  readonly storage: Storage;
  readonly trees: TreeStore;
  readonly caches: DirectoryCaches;
  readonly artifacts: ArtifactStore;
}

/**
 * Opens what is kept. `directory`: Sluice's data folder. Artifacts lie where `ARTIFACT_STORAGE_PATH` says, else with the rest.
 */
export function openKeeping(directory: string, environment: NodeJS.ProcessEnv): Keeping {
  const owners = machineOwners();
  const clock = machineClock;
  const random = machineRandom;
  const open = (folder: string) => {
    const storage = openFolderStorage({ directory: folder, clock, owners });
    const trees = treeStore({ blobs: storage.blobs, directory: join(directory, 'trees'), clock, random });
    return { storage, trees };
  };
  const own = open(join(directory, 'storage'));
  const other = environment.ARTIFACT_STORAGE_PATH ? open(environment.ARTIFACT_STORAGE_PATH) : own;
  return {
    ...own,
    caches: directoryCaches({ references: own.storage.references, trees: own.trees, clock, random }),
    artifacts: artifactStore({ references: other.storage.references, trees: other.trees, clock }),
  };
}

export interface OpenRooms extends RunnerRooms {
  /** Ends the helpers of the executors that were opened. No job may be open. */
  shutdown(): Promise<void>;
}

/** What few jobs ask for; each part is opened at its first use and shared. */
export function openRooms(directory: string, environment: NodeJS.ProcessEnv): OpenRooms {
  const executors = new Map<string, Promise<Executor>>();
  const opened = (kind: string, open: () => Promise<Executor>): Promise<Executor> => {
    const executor = executors.get(kind) ?? open();
    executors.set(kind, executor);
    executor.catch(() => executors.delete(kind));
    return executor;
  };
  const sandbox = (requireSound: boolean) =>
    opened(requireSound ? 'sound sandbox' : 'sandbox', async () => {
      const { openSandboxExecutor } = await import('../executor/sandbox/sandbox-executor.ts');
      const path = environment.PATH ?? '/usr/bin:/bin';
      return openSandboxExecutor({
        directory: join(directory, 'sandbox'),
        clock: machineClock,
        path,
        requireSound,
      });
    });
  const missing = (what: string) =>
    Promise.reject(userError('not-built', `this version has no ${what} yet`, undefined, 3));
  let keeping: Keeping | null = null;
  const kept = (): Keeping => {
    keeping ??= openKeeping(directory, environment);
    return keeping;
  };
  return {
    executor: (kind, trust) => (kind === 'sandbox' ? sandbox(trust === 'untrusted') : missing('containers')),
    serviceHost: () => missing('service containers'),
    caches: async () => kept().caches,
    artifacts: async () => kept().artifacts,
    leftBehind: async () => (existsSync(join(directory, 'sandbox')) ? [await sandbox(false)] : []),
    async shutdown() {
      for (const executor of executors.values()) await (await executor.catch(() => null))?.shutdown();
    },
  };
}
