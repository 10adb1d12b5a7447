import { lstatSync, readdirSync, readlinkSync, realpathSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { visible } from '../../base/text.ts';
import type { Entry, SourceList } from './entry.ts';
import { git, isRepository } from './git.ts';

/** The git command that lists the files of a work tree. */
export const LIST_FILES = ['ls-files', '-co', '--exclude-standard', '-z'];

/**
 * The files of a folder: in a git work tree the tracked and the untracked that are not ignored, else everything but `.git`.
 * Links are listed as links and never followed. `excluded`: absolute folders that are left out, such as our own.
 * `names`: what `LIST_FILES` printed for the folder itself, when it was asked already.
 */
export async function listSource(
  root: string,
  excluded: readonly string[],
  names: Buffer | null = null,
): Promise<SourceList> {
  const lister = new Lister(root, excluded);
  await lister.addFolder('', names);
  return lister.list();
}

/** Every file below the folder, whatever git thinks of it. */
export function listFolder(root: string): SourceList {
  const lister = new Lister(root, []);
  lister.addAll('');
  return lister.list();
}

class Lister {
  readonly #root: string;
  readonly #excluded: readonly string[];
  readonly #entries: Entry[] = [];
  readonly #seen = new Set<string>();
  /** Whether a folder is a real one: a file behind a linked folder is not part of the tree. */
  readonly #folders = new Map<string, boolean>([['', true]]);
  readonly #warnings: string[] = [];
  #bytes = 0;

  constructor(root: string, excluded: readonly string[]) {
    this.#root = root;
    const real = realpathSync(root);
    this.#excluded = excluded
      .map((path) => relative(real, path))
      .filter((path) => path !== '' && !path.startsWith('..'));
  }

  list(): SourceList {
    const folders = [...this.#folders].filter(([path, real]) => real && path !== '').map(([path]) => path);
    return {
      root: this.#root,
      entries: this.#entries,
      folders: folders.sort(),
      bytes: this.#bytes,
      warnings: this.#warnings,
    };
  }

  async addFolder(folder: string, names: Buffer | null = null): Promise<void> {
    if (!isRepository(join(this.#root, folder))) return this.addAll(folder);
    const output = names ?? (await git(join(this.#root, folder), LIST_FILES));
    const inner: string[] = [];
    for (const name of splitNames(output, this.#warnings)) {
      const path = folder === '' ? name : `${folder}/${name}`;
      // A submodule, or a repository inside this one: git lists only its name.
      if (this.#add(path.replace(/\/$/, '')) === 'folder') inner.push(path.replace(/\/$/, ''));
    }
    for (const path of inner) await this.addFolder(path);
  }

  addAll(folder: string): void {
    for (const name of readdirSync(join(this.#root, folder)).sort()) {
      if (name === '.git') continue;
      const path = folder === '' ? name : `${folder}/${name}`;
      if (this.#add(path) === 'folder') this.addAll(path);
    }
  }

  #add(path: string): 'folder' | 'done' {
    if (this.#seen.has(path) || this.#isExcluded(path) || !this.#isRealFolder(parentOf(path))) return 'done';
    this.#seen.add(path);
    const found = lstatSync(join(this.#root, path), { throwIfNoEntry: false });
    if (!found) return 'done'; // Tracked, and deleted in the work tree.
    if (found.isDirectory()) {
      this.#folders.set(path, true);
      return 'folder';
    }
    if (!found.isFile() && !found.isSymbolicLink()) {
      this.#warnings.push(`${visible(path)} is neither a file nor a link and is left out of the workspace`);
      return 'done';
    }
    const isLink = found.isSymbolicLink();
    this.#bytes += isLink ? 0 : found.size;
    this.#entries.push({
      path,
      kind: isLink ? 'link' : 'file',
      mode: found.mode & 0o777,
      bytes: found.size,
      modifiedMs: found.mtimeMs,
      target: isLink ? readlinkSync(join(this.#root, path)) : '',
    });
    return 'done';
  }

  #isRealFolder(folder: string): boolean {
    let real = this.#folders.get(folder);
    if (real === undefined) {
      const parentIsReal = this.#isRealFolder(parentOf(folder));
      real =
        parentIsReal &&
        (lstatSync(join(this.#root, folder), { throwIfNoEntry: false })?.isDirectory() ?? false);
      this.#folders.set(folder, real);
    }
    return real;
  }

  #isExcluded(path: string): boolean {
    return this.#excluded.some((folder) => path === folder || path.startsWith(folder + sep));
  }
}

function parentOf(path: string): string {
  const parent = dirname(path);
  return parent === '.' ? '' : parent;
}

function splitNames(output: Buffer, warnings: string[]): string[] {
  const text = output.toString();
  if (text.includes('\ufffd')) warnings.push('files whose names are not UTF-8 are left out of the workspace');
  return text.split('\0').filter((name) => name !== '' && !name.includes('\ufffd'));
}
