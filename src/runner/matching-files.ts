import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import picomatch from 'picomatch';

/**
 * The regular files below `directory` that match one of the globs, relative with `/`, in order. `!` before a glob leaves out. Links
 * are not followed, also in the place of the folder, where a job may have put one, and what lies in `.git` does not count.
 */
export function matchingFiles(directory: string, globs: readonly string[]): string[] {
  const wanted = globs.filter((glob) => !glob.startsWith('!')).map(normal);
  const unwanted = globs.filter((glob) => glob.startsWith('!')).map((glob) => normal(glob.slice(1)));
  if (wanted.length === 0 || !lstatSync(directory).isDirectory()) return [];
  const isWanted = picomatch(wanted, { dot: true, ignore: unwanted });
  return [...filesBelow(directory, '')].filter((path) => isWanted(path)).sort();
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
