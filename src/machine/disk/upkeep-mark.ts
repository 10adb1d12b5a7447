import { spawn } from 'node:child_process';
import { statSync, utimesSync } from 'node:fs';
import { setPriority } from 'node:os';
import process from 'node:process';
import { UPKEEP_EVERY_MS, upkeepMark } from './tended.ts';

/** Behind all that somebody waits for. */
const PRIORITY = 15;

/** Whether upkeep is due; when it is, the next caller is told that it is not, so that one process of many does it. */
export function claimUpkeep(directory: string, nowMs: number): boolean {
  const mark = upkeepMark(directory);
  const stats = statSync(mark, { throwIfNoEntry: false });
  if (stats === undefined || Math.abs(nowMs - stats.mtimeMs) < UPKEEP_EVERY_MS) return false;
  try {
    utimesSync(mark, nowMs / 1000, nowMs / 1000);
    return true;
  } catch {
    return false; // A folder that cannot be written is told of by whoever has to write there.
  }
}

/** Begins `sluice upkeep` beside everything else; it goes on when this process ends, and nobody waits for it. */
export function startUpkeep(directory: string): void {
  const program = process.argv[1];
  if (program === undefined) return;
  const child = spawn(process.execPath, [program, 'upkeep', '--home', directory], {
    detached: true,
    stdio: 'ignore',
    cwd: '/',
  });
  // It only saves room: the next one may have more luck.
  child.on('error', () => {});
  child.unref();
  if (child.pid !== undefined) setPriorityOf(child.pid);
}

function setPriorityOf(pid: number): void {
  try {
    setPriority(pid, PRIORITY);
  } catch {
    // It is over already.
  }
}
