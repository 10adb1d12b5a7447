import { copyFileSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { indexFile, summaryFile } from './paths.ts';

/** Copies the log of a try, with its index and summary. Throws what the file system says; then nothing of the copy is left. */
export function copyLog(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true, mode: 0o700 });
  try {
    const files = [from, indexFile(from), summaryFile(from)];
    const copies = [to, indexFile(to), summaryFile(to)];
    for (const [index, file] of files.entries()) if (existsSync(file)) copyFileSync(file, copies[index]!);
  } catch (error) {
    removeLog(to);
    throw error;
  }
}

/** Removes the log of a try, with its index and summary, where there is one. */
export function removeLog(log: string): void {
  for (const file of [log, indexFile(log), summaryFile(log)]) rmSync(file, { force: true });
}
