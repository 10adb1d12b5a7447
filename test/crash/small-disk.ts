import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { homeOf } from '../support/product.ts';

/** Several runs fit into it. */
const DISK = 'size=64m';

/** Puts the program's data on a small disk of its own; false when this user may not. */
export function mountHome(folder: string): boolean {
  mkdirSync(homeOf(folder), { recursive: true });
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', DISK, 'tmpfs', homeOf(folder)], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

export function unmountHome(folder: string): void {
  execFileSync('umount', ['-l', homeOf(folder)]);
}

/** Takes what is free but for so much. */
export function fillHome(folder: string, leftBytes: number): void {
  const { bavail, bsize } = statfsSync(homeOf(folder));
  const bytes = Math.max(0, bavail * bsize - leftBytes);
  try {
    writeFileSync(join(homeOf(folder), 'filler'), Buffer.alloc(bytes, 1));
  } catch {
    // The program was quicker to take it: the disk is full.
  }
}

/** Gives the room back. */
export function clearHome(folder: string): void {
  rmSync(join(homeOf(folder), 'filler'), { force: true });
}
