import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

const TAIL_BYTES = 64 * 1024;

/**
 * The last lines of a log that say something: no blank ones, of a progress line its last state, and a line that repeats
 * only once. Empty when there is no log.
 */
export function readLogTail(file: string, lines: number): string[] {
  const kept: string[] = [];
  for (const raw of lastBytes(file).split('\n')) {
    const line = (raw.replace(/\r+$/, '').split('\r').at(-1) ?? '').trimEnd();
    if (line.trim() !== '' && line !== kept.at(-1)) kept.push(line);
  }
  return kept.slice(-lines);
}

function lastBytes(file: string): string {
  let descriptor: number;
  try {
    descriptor = openSync(file, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
  try {
    const size = fstatSync(descriptor).size;
    const from = Math.max(0, size - TAIL_BYTES);
    const bytes = Buffer.alloc(size - from);
    const text = bytes.toString('utf8', 0, readSync(descriptor, bytes, 0, bytes.length, from));
    // The first line is cut unless it is the first of the file.
    return from === 0 ? text : text.slice(text.indexOf('\n') + 1);
  } finally {
    closeSync(descriptor);
  }
}
