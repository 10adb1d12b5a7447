import { closeSync, existsSync, openSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Upkeep is due so long after the last one. */
export const UPKEEP_EVERY_MS = 3_600_000;

/** The file whose time is that of the last upkeep. */
export function upkeepMark(directory: string): string {
  return join(directory, 'upkeep');
}

/**
 * Whether a data folder needs nothing after a run: no upkeep is due and the ballast is there. In a new folder there is nothing
 * to do yet; its first hour begins. Cheap, since it is asked after every run.
 */
export function isTended(directory: string, nowMs: number): boolean {
  const mark = upkeepMark(directory);
  const stats = statSync(mark, { throwIfNoEntry: false });
  if (stats !== undefined)
    return Math.abs(nowMs - stats.mtimeMs) < UPKEEP_EVERY_MS && existsSync(join(directory, 'ballast'));
  try {
    closeSync(openSync(mark, 'a', 0o600));
  } catch {
    // A folder that cannot be written is told of by whoever has to write there.
  }
  return true;
}
