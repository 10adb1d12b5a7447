import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, realpathSync } from 'node:fs';
import { join, sep } from 'node:path';
import type { SourceFiles } from '../pipeline/load.ts';

export interface ListedFiles extends SourceFiles {
  /** Names in a folder of the repository, folders with a `/` at the end, sorted; empty when there is none. */
  list(folder: string): readonly string[];
}

/** The files of a repository as they lie there. Symbolic links are followed only inside it. */
export function treeFiles(repositoryPath: string): ListedFiles {
  return {
    read(path) {
      try {
        const root = realpathSync(repositoryPath);
        const real = realpathSync(join(root, path));
        if (real !== root && !real.startsWith(root + sep))
          return { refused: 'it leads out of the repository' };
        return readFileSync(real);
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        if (code === 'ENOENT' || code === 'ENOTDIR') return null;
        return { refused: code === 'EISDIR' ? 'it is a folder' : `the system says ${code}` };
      }
    },
    list(folder) {
      try {
        const entries = readdirSync(join(repositoryPath, folder), { withFileTypes: true });
        return entries.map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name)).sort();
      } catch {
        return [];
      }
    },
  };
}

/** The files of a repository as they are in a commit. Symbolic links are not followed. */
export function commitFiles(repositoryPath: string, commit: string): ListedFiles {
  const git = (args: readonly string[]) =>
    execFileSync('git', [...args], {
      cwd: repositoryPath,
      stdio: ['ignore', 'pipe', 'ignore'],
      maxBuffer: 64 * 1024 * 1024,
    });
  return {
    read(path) {
      try {
        const entry = git(['ls-tree', '-z', '--end-of-options', commit, path]).toString();
        if (entry === '') return null;
        if (entry.startsWith('120000'))
          return { refused: 'it is a symbolic link, which is not followed in a commit' };
        if (!entry.includes(' blob ')) return { refused: 'it is a folder' };
        return git(['cat-file', '--end-of-options', 'blob', `${commit}:${path}`]);
      } catch {
        return null;
      }
    },
    list(folder) {
      const prefix = folder === '' || folder === '.' ? '' : `${folder.replace(/\/$/, '')}/`;
      try {
        const entries = git(['ls-tree', '-z', '--end-of-options', commit, ...(prefix ? [prefix] : [])])
          .toString()
          .split('\0');
        return entries
          .filter((entry) => entry !== '')
          .map(
            (entry) =>
              entry.slice(entry.indexOf('\t') + 1 + prefix.length) + (entry.includes(' tree ') ? '/' : ''),
          )
          .sort();
      } catch {
        return [];
      }
    },
  };
}
