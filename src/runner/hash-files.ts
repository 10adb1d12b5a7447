import { createHash, hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { matchingFiles } from './matching-files.ts';

/**
 * GitHub's `hashFiles()`: the SHA-256, in hexadecimal, over the SHA-256 of each regular file below `directory` that matches one of
 * the globs, in order of path; empty when none does. What a glob is: `matchingFiles`.
 */
export function hashFiles(directory: string, globs: readonly string[]): string {
  if (globs.some((glob) => glob.replace(/^!/, '').split('/').includes('..')))
    throw new Error('hashFiles() looks only at files of the workspace; `..` leaves it');
  const paths = matchingFiles(directory, globs);
  if (paths.length === 0) return '';
  const whole = createHash('sha256');
  for (const path of paths) whole.update(hash('sha256', readFileSync(join(directory, path)), 'buffer'));
  return whole.digest('hex');
}
