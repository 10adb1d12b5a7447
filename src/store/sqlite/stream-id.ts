import { digestOf } from '../../base/digest.ts';

/**
 * A stream's number in the database: the first 52 bits of its name's SHA-256. Two names in a million share one with a
 * chance of 1 in 9,000; the table of heads notices it.
 */
export function streamId(name: string): number {
  return Number.parseInt(digestOf(name).slice(0, 13), 16);
}
