import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { artifactStore } from '../artifact/artifact-store.ts';
import type { ArtifactStore } from '../artifact/contract.ts';
import type {
  DirectoryCaches,
  ReportArchive,
  Snapshots,
  Storage,
  TreeStore,
  WorkRoom,
} from '../cache/contract.ts';
import { directoryCaches } from '../cache/directory-caches.ts';
import { reportArchive } from '../cache/report-archive.ts';
import { snapshots } from '../cache/snapshots.ts';
import { openFolderStorage } from '../cache/storage/folder/folder-storage.ts';
import { layeredStorage } from '../cache/storage/layered-storage.ts';
import { openStorage } from '../cache/storage/open-storage.ts';
import { treeStore } from '../cache/tree/tree-store.ts';
import { workRoom } from '../cache/work/work-room.ts';
import type { Executor, ServiceHost } from '../executor/contract.ts';
import type { ActionSource } from '../forge/contract.ts';
import { machineClock } from '../machine/clock.ts';
import { machineOwners } from '../machine/owners.ts';
import { machineRandom } from '../machine/random.ts';
import type { RunnerRooms } from '../runner/rooms.ts';
import { mayHaveContainers, openContainers, openServices, sweeperOf } from './containers.ts';

/** What is kept between runs: the rooms over one storage. */
export interface Keeping {
  readonly storage: Storage;
  readonly trees: TreeStore;
  readonly caches: DirectoryCaches;
  readonly artifacts: ArtifactStore;
  readonly work: WorkRoom;
  readonly snapshots: Snapshots;
  readonly reports: ReportArchive;
  /** Waits until what was begun is written. */
  close(): Promise<void>;
}

/**
 * Opens what is kept. `directory`: Sluice's data folder. Artifacts lie where `ARTIFACT_STORAGE_PATH` says, else with the rest; a
 * copy of them goes to `ARTIFACT_REGISTRY`, and of all else to `SLUICE_CACHE_REMOTE`, where other machines find it. Rejects with a
 * `StorageError` when one of them is no address.
 */
export async function openKeeping(
  directory: string,
  environment: NodeJS.ProcessEnv,
  warn: (message: string) => void,
): Promise<Keeping> {
  const parts = { clock: machineClock, random: machineRandom, owners: machineOwners() };
  const open = async (folder: string, remote: string | undefined) => {
    const local = openFolderStorage({ ...parts, directory: folder });
    const scratch = join(folder, 'scratch');
    const storage = remote
      ? layeredStorage({
          local,
          remote: await openStorage(withScheme(remote), { ...parts, environment, scratch }),
          clock: machineClock,
          warn,
        })
      : local;
    const trees = treeStore({ ...parts, blobs: storage.blobs, directory: join(directory, 'trees') });
    // Workspaces stay on this machine, whatever else is shared: they hold all that a step left lying about.
    const kept = treeStore({ ...parts, blobs: local.blobs, directory: join(directory, 'trees') });
    return {
      storage,
      trees,
      snapshots: snapshots({ ...parts, references: local.references, trees: kept }),
    };
  };
  const folder = join(directory, 'storage');
  const {
    ARTIFACT_STORAGE_PATH: path,
    ARTIFACT_REGISTRY: registry,
    SLUICE_CACHE_REMOTE: remote,
  } = environment;
  const own = await open(folder, remote);
  const other = path || registry !== remote ? await open(path || folder, registry) : own;
  return {
    ...own,
    caches: directoryCaches({ ...parts, references: own.storage.references, trees: own.trees }),
    artifacts: artifactStore({ ...parts, references: other.storage.references, trees: other.trees }),
    work: workRoom({
      ...parts,
      references: own.storage.references,
      blobs: own.storage.blobs,
      trees: own.trees,
      directory: join(directory, 'trees', 'work'),
    }),
    reports: reportArchive({ references: own.storage.references, trees: own.trees }),
    async close() {
      await own.storage.close();
      if (other !== own) await other.storage.close();
    },
  };
}

/** `registry.example.com` is a server like any other. */
function withScheme(address: string): string {
  return /^([a-z0-9+]+:\/\/|[./])/i.test(address) ? address : `https://${address}`;
}

export interface OpenRooms extends RunnerRooms {
  /** Ends the helpers of the executors that were opened. No job may be open. */
  shutdown(): Promise<void>;
}

/** What few jobs ask for; each part is opened at its first use and shared. */
export function openRooms(
  directory: string,
  environment: NodeJS.ProcessEnv,
  warn: (message: string) => void,
): OpenRooms {
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
  const containers = (requireSound: boolean) =>
    opened(requireSound ? 'sound containers' : 'containers', () =>
      openContainers(directory, environment, requireSound),
    );
  let services: Promise<ServiceHost> | null = null;
  let actions: Promise<ActionSource> | null = null;
  let keeping: Promise<Keeping> | null = null;
  const kept = (): Promise<Keeping> => {
    keeping ??= openKeeping(directory, environment, warn);
    return keeping;
  };
  return {
    executor: (kind, trust) => (kind === 'sandbox' ? sandbox : containers)(trust === 'untrusted'),
    serviceHost: () => {
      services ??= openServices(directory, environment);
      services.catch(() => {
        services = null;
      });
      return services;
    },
    caches: async () => (await kept()).caches,
    artifacts: async () => (await kept()).artifacts,
    work: async () => (await kept()).work,
    snapshots: async () => (await kept()).snapshots,
    reports: async () => (await kept()).reports,
    changes: async () => (await import('../forge/change.ts')).changeReader(),
    actions: async () => {
      actions ??= import('./actions.ts').then(({ openActions }) => openActions(directory, environment));
      return actions;
    },
    leftBehind: async () => [
      ...(existsSync(join(directory, 'sandbox')) ? [await sandbox(false)] : []),
      ...(mayHaveContainers(directory) ? await sweeperOf(containers(false)) : []),
    ],
    async shutdown() {
      for (const executor of executors.values()) await (await executor.catch(() => null))?.shutdown();
      await (await keeping?.catch(() => null))?.close();
    },
  };
}
