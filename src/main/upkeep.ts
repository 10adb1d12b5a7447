import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { ArtifactRecord, ArtifactStore } from '../artifact/contract.ts';
import { openFolderCollector } from '../cache/storage/folder/collector.ts';
import type { UpkeepReport } from '../cli/ports.ts';
import { runStream } from '../journal/stream.ts';
import { machineClock } from '../machine/clock.ts';
import { Ballast } from '../machine/disk/ballast.ts';
import { type DiskLimits, floorBytes } from '../machine/disk/limits.ts';
import { diskSpace } from '../machine/disk/space.ts';
import { type Swept, sweepLogs, sweepOld } from '../machine/disk/sweep.ts';
import { machineOwners } from '../machine/owners.ts';
import type { Journal } from '../store/contract.ts';
import { holdDeployed } from './deployed-artifacts.ts';
import { diskLimits } from './intake.ts';
import { openKeeping } from './rooms.ts';

const DAY_MS = 86_400_000;
/** Younger contents may belong to a run that is still on its way to name them. */
const GRACE_MS = 3_600_000;
/** What speeds work up and was not needed for so long. */
const UNUSED_MS = 14 * DAY_MS;
/** Files that a process was writing to move them into place at once. */
const PARTIAL_MS = DAY_MS;

export interface UpkeepOptions {
  /** Sluice's data folder. */
  readonly directory: string;
  readonly workspaceRoot: string;
  readonly environment: NodeJS.ProcessEnv;
  readonly journal: Journal;
}

/**
 * Holds what Sluice keeps to its limits and removes what nobody owns any more. Safe beside runs, and when killed at any
 * instant. What one part cannot do is told, and the others go on. Rejects with a `UserError` for a setting that cannot be read.
 */
export async function upkeep({
  directory,
  workspaceRoot,
  environment,
  journal,
}: UpkeepOptions): Promise<UpkeepReport> {
  const limits = diskLimits(environment);
  const nowMs = machineClock.now();
  const report = { artifacts: 0, cacheEntries: 0, contents: 0, logs: 0, scratch: 0, bytes: 0 };
  const told: string[] = [];
  const part = async (name: string, work: () => Promise<void> | void): Promise<void> => {
    try {
      await work();
    } catch (error) {
      told.push(`${name}: ${(error as Error).message}`);
    }
  };
  const count = (kind: 'logs' | 'scratch', { count: gone, bytes }: Swept): void => {
    report[kind] += gone;
    report.bytes += bytes;
  };
  // What goes whole and quickly first: on a full disk it makes the room that the rest needs.
  await part('logs', async () => {
    const { logBytesMax: bytesMax, logAgeMaxMs: ageMaxMs } = limits;
    const isOver = (name: string) => isRunOver(journal, name);
    count('logs', await sweepLogs({ folder: join(directory, 'logs'), bytesMax, ageMaxMs, nowMs, isOver }));
  });
  await part('scratch folders', () => {
    count('scratch', sweepOld(join(directory, 'trees', 'index'), UNUSED_MS, nowMs));
    count('scratch', sweepOld(join(directory, 'plans'), UNUSED_MS, nowMs));
    count('scratch', sweepOld(join(directory, 'storage', 'scratch'), PARTIAL_MS, nowMs));
    count('scratch', sweepOld(join(workspaceRoot, '.quarantine'), UNUSED_MS, nowMs));
  });
  await part('artifacts and caches', async () => {
    if (!existsSync(join(directory, 'storage')) && !environment.ARTIFACT_STORAGE_PATH) return;
    const keeping = await openKeeping(directory, environment, (message) => told.push(message));
    try {
      await holdDeployed(journal, keeping.artifacts, 'keep');
      report.artifacts += (await keeping.artifacts.expire(nowMs)).length;
      report.artifacts += await holdToQuota(keeping.artifacts, limits);
      await holdDeployed(journal, keeping.artifacts, 'release');
      await keeping.reports.expire(nowMs);
    } finally {
      await keeping.close();
    }
    for (const folder of storageFolders(directory, environment)) {
      const collected = await collect(folder, limits, nowMs);
      report.cacheEntries += collected.references;
      report.contents += collected.blobs;
      report.bytes += collected.bytes;
    }
  });
  await part('workspaces', async () => {
    told.push(...(await unknownWorkspaces(workspaceRoot, journal)));
  });
  new Ballast(directory).restore(floorBytes(limits.floor, diskSpace(directory)?.totalBytes ?? 0));
  return { ...report, told };
}

function storageFolders(directory: string, environment: NodeJS.ProcessEnv): ReadonlySet<string> {
  const own = join(directory, 'storage');
  return new Set([own, environment.ARTIFACT_STORAGE_PATH || own]);
}

async function collect(folder: string, limits: DiskLimits, nowMs: number) {
  const collector = openFolderCollector({ directory: folder, clock: machineClock, owners: machineOwners() });
  try {
    const { cacheBytesMax, cacheAgeMaxMs } = limits;
    return await collector.collect({ cacheBytesMax, cacheAgeMaxMs, graceMs: GRACE_MS }, nowMs);
  } finally {
    collector.close();
  }
}

/** Removes artifacts until the rest fits. Returns how many went. */
async function holdToQuota(artifacts: ArtifactStore, { artifactBytesMax }: DiskLimits): Promise<number> {
  const over = overQuota(await artifacts.find({ limit: Number.MAX_SAFE_INTEGER }), artifactBytesMax);
  for (const record of over) await artifacts.remove(record);
  return over.length;
}

/** Those that expire soonest, until the rest fits; never one that is pinned or kept for good. */
export function overQuota(records: readonly ArtifactRecord[], bytesMax: number): readonly ArtifactRecord[] {
  let bytes = records.reduce((sum, record) => sum + record.bytes, 0);
  const going: ArtifactRecord[] = [];
  const removable = records.filter(
    ({ expiresAtMs, pinnedBy }) => expiresAtMs !== null && pinnedBy.length === 0,
  );
  for (const record of removable.sort((a, b) => a.expiresAtMs! - b.expiresAtMs!)) {
    if (bytes <= bytesMax) break;
    going.push(record);
    bytes -= record.bytes;
  }
  return going;
}

/** Nobody writes the logs of a run that is over, or that this journal never knew: the folder is its own. */
async function isRunOver(journal: Journal, runId: string): Promise<boolean> {
  const head = await journal.head(runStream(runId));
  if (head === 0) return true;
  const [last] = await journal.read(runStream(runId), head - 1, 1);
  return last?.body.type === 'run.finished';
}

/** Workspaces may be shared with another data folder, so what this journal does not know is told and left. */
async function unknownWorkspaces(root: string, journal: Journal): Promise<string[]> {
  const names = existsSync(root) ? readdirSync(root).filter((name) => !name.startsWith('.')) : [];
  const told: string[] = [];
  for (const name of names) {
    if ((await journal.head(runStream(name))) > 0) continue;
    told.push(
      `${join(root, name)} belongs to no run that is known here; remove it when nobody else works there`,
    );
  }
  return told;
}
