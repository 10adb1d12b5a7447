import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Whether a receipt neither says who runs where nor that its step was only claimed: the helper was killed while it started
 * the step, which may have begun or not.
 */
export function isCutOff(directory: string, name: string): boolean {
  const text = readReceipt(directory, name);
  return text !== null && !/^(claimed .*\n)+$/.test(text);
}

/**
 * How a step ended by its receipt, which its helper wrote: process, wait status, CPU milliseconds and largest resident
 * kilobytes, as in the helper's record. null: it has not ended, or nobody saw it.
 */
export function readReceiptEnd(directory: string, name: string): readonly string[] | null {
  const text = readReceipt(directory, name) ?? '';
  const found = /^step \S+ \S+ \S+ \S+ (\S+) .*\nended (\S+) (\S+) (\S+)\n/m.exec(text);
  return found?.slice(1) ?? null;
}

function readReceipt(directory: string, name: string): string | null {
  try {
    return readFileSync(join(directory, `${name}.step`), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
