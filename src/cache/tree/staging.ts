import { chmodSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import process from 'node:process';
import type { Random } from '../../base/port.ts';

const PREFIX = '.sluice-restore-';

/** Whether a name is that of a folder in which a tree is being brought back; trees never hold one. */
export function isStaging(name: string): boolean {
  return name.startsWith(PREFIX);
}

/** Makes a new staging folder in the target and removes those whose process died. Returns its absolute path. */
export function makeStaging(target: string, random: Random): string {
  for (const name of readdirSync(target)) {
    if (isStaging(name) && !isAlive(Number(name.slice(PREFIX.length).split('-')[0])))
      removeTree(`${target}/${name}`);
  }
  const path = `${target}/${PREFIX}${process.pid}-${Buffer.from(random.bytes(6)).toString('hex')}`;
  mkdirSync(path, { mode: 0o700 });
  return path;
}

/** Removes a file or folder with all that is in it, also where folders may not be written. */
export function removeTree(path: string): void {
  try {
    rmSync(path, { recursive: true, force: true });
  } catch {
    openFolders(path);
    rmSync(path, { recursive: true, force: true });
  }
}

function openFolders(path: string): void {
  const folders = [path];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    chmodSync(folder, 0o700);
    for (const entry of readdirSync(folder, { withFileTypes: true }))
      if (entry.isDirectory()) folders.push(`${folder}/${entry.name}`);
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
