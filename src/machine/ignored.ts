import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import ignore from 'ignore';

/** Tells which paths (relative to the repository) git would look at, by its top `.gitignore`. `.git` itself never. */
export function notIgnored(repositoryPath: string): (path: string) => boolean {
  const rules = ignore().add('.git');
  try {
    rules.add(readFileSync(join(repositoryPath, '.gitignore'), 'utf8'));
  } catch {
    // No .gitignore: everything but .git counts.
  }
  return (path) => path === '' || !rules.ignores(path);
}
