import { createHash, hash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import picomatch from 'picomatch';

/**
 * GitHub's `hashFiles()`: the SHA-256, in hexadecimal, over the SHA-256 of each regular file below `directory` that matches one of
 * the globs, in order of path; empty when none does. `!` before a glob leaves out. Links are not followed, and what lies in
 * `.git` does not count.
 */
export function hashFiles(directory: string, globs: readonly string[]): string {
  if (globs.some((glob) => glob.replace(/^!/, '').split('/').includes('..')))
    throw new Error('hashFiles() looks only at files of the workspace; `..` leaves it');
  const wanted = globs.filter((glob) => !glob.startsWith('!')).map(normal);
  const unwanted = globs.filter((glob) => glob.startsWith('!')).map((glob) => normal(glob.slice(1)));
  if (wanted.length === 0) return '';
  const isWanted = picomatch(wanted, { dot: true, ignore: unwanted });
  const paths = [...filesBelow(directory, '')].filter((path) => isWanted(path)).sort();
  if (paths.length === 0) return '';
  const whole = createHash('sha256');
  for (const path of paths) whole.update(hash('sha256', readFileSync(join(directory, path)), 'buffer'));
  return whole.digest('hex');
}

function normal(glob: string): string {
  return glob.replace(/^(\.?\/)+/, '');
}

function* filesBelow(directory: string, folder: string): Generator<string> {
  for (const entry of readdirSync(join(directory, folder), { withFileTypes: true })) {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (entry.isFile()) yield path;
    else if (entry.isDirectory() && path !== '.git') yield* filesBelow(directory, path);
  }
}
