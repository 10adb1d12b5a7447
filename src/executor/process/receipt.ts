import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * How a step ended by its receipt, which its helper wrote: process, wait status, CPU milliseconds and largest resident
 * kilobytes, as in the helper's record. null: it has not ended, or nobody saw it.
 */
export function readReceiptEnd(directory: string, name: string): readonly string[] | null {
  let text: string;
  try {
    text = readFileSync(join(directory, `${name}.step`), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  const found = /^step \S+ \S+ \S+ \S+ (\S+) .*\nended (\S+) (\S+) (\S+)\n/.exec(text);
  return found?.slice(1) ?? null;
}
