import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { isDigest } from '../names.ts';
import { codeOf, ifThere } from './failure.ts';
import { folderOwner, type Layout, type ProcessOwners } from './layout.ts';

/** How long what nobody can be asked about is left: damaged blobs, and files of processes on another machine. */
const UNKNOWN_KEPT_MS = 7 * 24 * 60 * 60 * 1000;

/** Brings back what a killed collector had put aside; only for who collects. */
export function bringBack(layout: Layout): void {
  for (const name of namesOf(layout.aside)) {
    const path = `${layout.aside}/${name}`;
    if (isDigest(name) && !existsSync(layout.blob(name))) {
      mkdirSync(dirname(layout.blob(name)), { recursive: true, mode: 0o700 });
      renameSync(path, layout.blob(name));
    } else {
      rmSync(path, { force: true });
    }
  }
}

/** Removes what dead processes were writing or holding, and damaged blobs that nobody looked at. */
export async function removeLeftovers(layout: Layout, owners: ProcessOwners, nowMs: number): Promise<void> {
  for (const folder of [layout.partial, layout.holds]) {
    for (const name of namesOf(folder)) {
      if (!mayLive(`${folder}/${name}`, name, owners, nowMs)) {
        rmSync(`${folder}/${name}`, { recursive: true, force: true });
      }
    }
  }
  for (const name of namesOf(layout.damaged)) {
    const path = `${layout.damaged}/${name}`;
    if (isOld(path, nowMs)) rmSync(path, { force: true });
  }
}

/** Whether the owner of a folder may still use it. */
export function mayLive(path: string, name: string, owners: ProcessOwners, nowMs: number): boolean {
  const owner = folderOwner(name);
  const alive = owner === null ? null : owners.alive(owner);
  return alive ?? !isOld(path, nowMs);
}

function isOld(path: string, nowMs: number): boolean {
  let old = false;
  ifThere(() => {
    old = nowMs - statSync(path).mtimeMs > UNKNOWN_KEPT_MS;
  });
  return old;
}

function namesOf(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return [];
    throw error;
  }
}
