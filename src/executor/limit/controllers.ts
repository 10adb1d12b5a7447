import { accessSync, constants, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';

export type ControllerName = 'memory' | 'pids' | 'cpu';

/** Where groups with limits of one kind can be made. */
export interface Controller {
  readonly name: ControllerName;
  /** Of the interface: in version 1 each kind has a hierarchy of its own. */
  readonly version: 1 | 2;
  /** A writable group of the hierarchy; ours are made in it. */
  readonly folder: string;
}

interface Mount {
  readonly root: string;
  readonly point: string;
  readonly kind: string;
  readonly options: readonly string[];
}

/** Finds how this machine can limit jobs. A kind that it cannot limit is not in the map. */
export function findControllers(): ReadonlyMap<ControllerName, Controller> {
  const found = new Map<ControllerName, Controller>();
  if (!existsSync('/proc/self/mountinfo')) return found;
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8').trim().split('\n').map(mountOf);
  const own = readFileSync('/proc/self/cgroup', 'utf8')
    .trim()
    .split('\n')
    .map((line) => line.split(':'));
  for (const name of ['memory', 'pids', 'cpu'] as const) {
    const controller = inVersion1(name, mounts, own) ?? inVersion2(name, mounts, own);
    if (controller !== null) found.set(name, controller);
  }
  return found;
}

function inVersion1(name: ControllerName, mounts: readonly Mount[], own: string[][]): Controller | null {
  const mount = mounts.find(({ kind, options }) => kind === 'cgroup' && options.includes(name));
  const path = own.find(([, controllers]) => controllers!.split(',').includes(name))?.[2];
  if (mount === undefined || path === undefined) return null;
  const folder = candidates(mount, path).find(isWritable);
  return folder === undefined ? null : { name, version: 1, folder };
}

function inVersion2(name: ControllerName, mounts: readonly Mount[], own: string[][]): Controller | null {
  const mount = mounts.find(({ kind }) => kind === 'cgroup2');
  const path = own.find(([hierarchy]) => hierarchy === '0')?.[2];
  if (mount === undefined || path === undefined) return null;
  const folder = candidates(mount, path).find((one) => isWritable(one) && handsOut(one, name));
  return folder === undefined ? null : { name, version: 2, folder };
}

/** Our own group first, so that whoever limits Sluice limits its jobs too; then the root of what is mounted. */
function candidates({ root, point }: Mount, path: string): string[] {
  const inside = relative(root, path);
  return inside === '' || inside.startsWith('..') ? [point] : [join(point, inside), point];
}

/** A group with processes in it hands out nothing, except the root of the whole machine. */
function handsOut(folder: string, name: ControllerName): boolean {
  const has = (file: string) => readFileSync(join(folder, file), 'utf8').trim().split(' ').includes(name);
  try {
    if (!has('cgroup.controllers')) return false;
    if (!has('cgroup.subtree_control')) writeFileSync(join(folder, 'cgroup.subtree_control'), `+${name}`);
    return has('cgroup.subtree_control');
  } catch {
    return false;
  }
}

function isWritable(folder: string): boolean {
  try {
    accessSync(join(folder, 'cgroup.procs'), constants.W_OK);
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** A line such as `36 35 0:30 / /sys/fs/cgroup/memory rw shared:9 - cgroup cgroup rw,memory`. */
function mountOf(line: string): Mount {
  const [left, right] = line.split(' - ') as [string, string];
  const [, , , root, point] = left.split(' ');
  const [kind, , options] = right.split(' ');
  return { root: root!, point: point!, kind: kind!, options: (options ?? '').split(',') };
}
