import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { type Limits, StartError } from '../contract.ts';
import { type Controller, type ControllerName, findControllers } from './controllers.ts';

const CPU_PERIOD_US = 100_000;
const GROUP_PREFIX = 'sluice-limit-';

/** How often a limit was met: processes killed for lack of memory, and processes that could not be started. */
export interface LimitCounts {
  readonly memory: number;
  readonly processes: number;
}

/** The control groups that hold one job to its limits. */
export interface LimitGroups {
  /** In the words of confine.pl: what a process does to be held. */
  readonly words: readonly string[];
  counts(): LimitCounts;
  /** Removes the groups; false when a process is still in one. */
  remove(): boolean;
}

/**
 * Makes the groups for the job of that name, or takes over those that are there. `hasStepGroups`: each step has a group of
 * its own in version 2, which then has to be in the job's. Throws `StartError` for a limit that this machine cannot give.
 */
export function openLimitGroups(
  name: string,
  limits: Limits,
  hasStepGroups: boolean,
  find = findControllers,
): LimitGroups {
  const wanted = wantedSettings(limits);
  const controllers = wanted.size === 0 ? new Map<ControllerName, Controller>() : find();
  const missing = [...wanted.keys()].find((kind) => !controllers.has(kind));
  if (missing !== undefined) throw cannotLimit(missing);

  const folders = new Map<ControllerName, string>();
  const words = new Set<string>();
  for (const [kind, settingsOf] of wanted) {
    const controller = controllers.get(kind)!;
    const folder = join(controller.folder, GROUP_PREFIX + name);
    try {
      mkdirSync(folder, { recursive: true });
      for (const [file, value, isNeeded] of settingsOf(controller.version)) {
        if (isNeeded || existsSync(join(folder, file))) writeFileSync(join(folder, file), value);
      }
    } catch (error) {
      removeFolders([...folders.values(), folder]);
      throw cannotLimit(kind, (error as Error).message);
    }
    folders.set(kind, folder);
    words.add(
      controller.version === 2 && hasStepGroups ? `group=${folder}` : `join=${join(folder, 'cgroup.procs')}`,
    );
  }
  return {
    words: [...words],
    counts: () => ({
      memory: memoryKills(folders.get('memory')),
      processes: count(folders.get('pids'), 'pids.events', 'max'),
    }),
    remove: () => removeFolders([...folders.values()]),
  };
}

/** Removes the empty groups of jobs whose names begin so. */
export function removeLimitGroups(namePrefix: string): void {
  const parents = new Set([...findControllers().values()].map(({ folder }) => folder));
  for (const parent of parents) {
    const names = readdirSync(parent).filter((name) => name.startsWith(GROUP_PREFIX + namePrefix));
    removeFolders(names.map((name) => join(parent, name)));
  }
}

/** File, value, and whether a machine without the file cannot give the limit. */
type Setting = readonly [string, string, boolean];

function wantedSettings({ memoryBytes, processesMax, cpus }: Limits) {
  const wanted = new Map<ControllerName, (version: 1 | 2) => readonly Setting[]>();
  if (memoryBytes !== null) {
    const bytes = String(memoryBytes);
    wanted.set('memory', (version) =>
      version === 1
        ? [
            ['memory.limit_in_bytes', bytes, true],
            // Memory and swap together: swapping is no way around the limit.
            ['memory.memsw.limit_in_bytes', bytes, false],
          ]
        : [
            ['memory.max', bytes, true],
            ['memory.swap.max', '0', false],
          ],
    );
  }
  if (processesMax !== null) wanted.set('pids', () => [['pids.max', String(processesMax), true]]);
  if (cpus !== null) {
    const quota = String(Math.max(1000, Math.round(cpus * CPU_PERIOD_US)));
    wanted.set('cpu', (version) =>
      version === 1
        ? [
            ['cpu.cfs_period_us', String(CPU_PERIOD_US), true],
            ['cpu.cfs_quota_us', quota, true],
          ]
        : [['cpu.max', `${quota} ${CPU_PERIOD_US}`, true]],
    );
  }
  return wanted;
}

const WORDS: Readonly<Record<ControllerName, string>> = {
  memory: 'memory',
  pids: 'the number of processes',
  cpu: 'CPU',
};

function cannotLimit(kind: ControllerName, cause?: string): StartError {
  return new StartError(
    'ENOTSUP',
    `this machine cannot limit ${WORDS[kind]}: ${cause ?? `Sluice may not write a control group with the controller \`${kind}\``}; run Sluice as root or in a systemd unit with Delegate=yes, or leave the limit out`,
  );
}

function memoryKills(folder: string | undefined): number {
  // memory.events: version 2.
  return count(folder, 'memory.oom_control', 'oom_kill') + count(folder, 'memory.events', 'oom_kill');
}

/** The number behind a word in a file of lines `word number`; 0 without the file. */
function count(folder: string | undefined, file: string, word: string): number {
  if (folder === undefined) return 0;
  try {
    const text = readFileSync(join(folder, file), 'utf8');
    return Number(new RegExp(`^${word} (\\d+)$`, 'm').exec(text)?.[1] ?? 0);
  } catch {
    return 0;
  }
}

function removeFolders(folders: readonly string[]): boolean {
  return folders.map(removeGroup).every((isGone) => isGone);
}

function removeGroup(folder: string): boolean {
  try {
    rmdirSync(folder);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT';
  }
}
