import { existsSync, mkdirSync, realpathSync, writeFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunSource } from '../../journal/run-event.ts';
import { safeName } from '../log/paths.ts';
import { copyTree } from './copy-tree.ts';
import { removeSmall, removeTree } from './remove-tree.ts';
import { type SourceTree, takeSource } from './source-tree.ts';
import { type Given, noteGiven, SPARE_BYTES_MAX, SPARE_FILES_MAX, Spares } from './spare.ts';

/** Beside the workspaces of a run: what they are made from. A cell's folder never begins with a dot. */
const SOURCE = '.source';
const SPARE = '.spare';
const NAMED_MAX = 5;

/** The place of one attempt of a cell. */
export interface Workspace {
  /** Private to the job; holds the other two, scripts and what steps leave for Sluice. */
  readonly folder: string;
  /** Where the steps run: the files of the source. */
  readonly directory: string;
  /** The job's own TMPDIR. */
  readonly temporary: string;
  readonly warnings: readonly string[];
  /** How it looked, when it is small enough to be proven untouched later. */
  readonly given: Given | null;
}

/** Makes and removes the workspaces below one root. */
export class Workspaces {
  readonly #root: string;
  readonly #dataFolder: string;
  readonly #sources = new Map<string, Promise<SourceTree>>();
  readonly #spares = new Map<string, Spares>();

  /** Both folders may lie inside a source and are then no part of it. `root` is made when it is first needed. */
  constructor(root: string, dataFolder: string) {
    this.#root = root;
    this.#dataFolder = dataFolder;
  }

  /** A clean folder with the run's files. `resumed`: the one of the earlier owner as it is, where there is one. */
  async open(
    runId: string,
    source: RunSource,
    cell: string,
    attempt: number,
    resumed: boolean,
  ): Promise<Workspace> {
    const folder = this.#attemptFolder(runId, cell, attempt);
    const place = { folder, directory: join(folder, 'work'), temporary: join(folder, 'tmp') };
    if (resumed && existsSync(place.directory)) return { ...place, warnings: [], given: null };
    const spare = this.#spares.get(runId)?.take(folder);
    if (spare) return { ...place, warnings: [], given: spare };
    const tree = await this.#source(runId, source);
    const warnings = await this.#fill(place, tree);
    return { ...place, warnings, given: isSmall(tree) ? noteGiven(folder) : null };
  }

  /**
   * Removes a workspace. `mayKeep`: no process of the job can be left, so an untouched one may serve the next job of the
   * run. Returns the name of what could not be removed, or null.
   */
  async remove(runId: string, workspace: Workspace, mayKeep: boolean): Promise<string | null> {
    if (mayKeep && workspace.given && this.#sparesOf(runId).keep(workspace.folder, workspace.given))
      return null;
    if (removeSmall(workspace.directory) && removeSmall(workspace.temporary) && removeSmall(workspace.folder))
      return null;
    return removeTree(workspace.folder, this.#quarantine());
  }

  /**
   * The run is over: removes what its jobs shared. Where a workspace is kept, its git directory stays too. Returns the name
   * of what could not be removed, or null.
   */
  async releaseRun(runId: string): Promise<string | null> {
    this.#forget(runId);
    const folder = this.#runFolder(runId);
    const names = await readdir(folder).catch(() => []);
    if (!names.some((name) => name !== SOURCE && name !== SPARE))
      return removeTree(folder, this.#quarantine());
    const left = await removeTree(join(folder, SOURCE, 'source'), this.#quarantine());
    return (await removeTree(join(folder, SPARE), this.#quarantine())) ?? left;
  }

  /** Forgets the run's files and removes what is left of it, kept workspaces too. Returns the name of what could not be removed, or null. */
  async removeRun(runId: string): Promise<string | null> {
    this.#forget(runId);
    return removeTree(this.#runFolder(runId), this.#quarantine());
  }

  #forget(runId: string): void {
    this.#sources.delete(runId);
    this.#spares.delete(runId);
  }

  #sparesOf(runId: string): Spares {
    let spares = this.#spares.get(runId);
    if (!spares) {
      spares = new Spares(join(this.#runFolder(runId), SPARE));
      this.#spares.set(runId, spares);
    }
    return spares;
  }

  async #fill(place: Omit<Workspace, 'warnings' | 'given'>, tree: SourceTree): Promise<string[]> {
    await makeClean(place.folder, this.#quarantine());
    mkdirSync(place.directory);
    mkdirSync(place.temporary);
    const changed = await copyTree(tree.list, place.directory);
    if (tree.gitView) writeFileSync(join(place.directory, '.git'), `gitdir: ${tree.gitView}\n`);
    const warnings = [...tree.list.warnings];
    if (!tree.isFrozen && changed.length > 0) warnings.push(changedSentence(changed));
    return warnings;
  }

  #source(runId: string, source: RunSource): Promise<SourceTree> {
    let tree = this.#sources.get(runId);
    if (!tree) {
      const runFolder = this.#runFolder(runId);
      mkdirSync(runFolder, { recursive: true, mode: 0o700 });
      const own = [this.#root, this.#dataFolder]
        .filter((path) => existsSync(path))
        .map((path) => realpathSync(path));
      tree = takeSource(source, join(runFolder, SOURCE), own);
      tree.catch(() => this.#sources.delete(runId));
      this.#sources.set(runId, tree);
    }
    return tree;
  }

  /** Removes the workspace of an attempt that an earlier owner performed. Returns what could not be removed, or null. */
  removeAttempt(runId: string, cell: string, attempt: number): Promise<string | null> {
    return removeTree(this.#attemptFolder(runId, cell, attempt), this.#quarantine());
  }

  #attemptFolder(runId: string, cell: string, attempt: number): string {
    return join(this.#runFolder(runId), `${safeName(cell)}.${attempt}`);
  }

  #runFolder(runId: string): string {
    return join(this.#root, safeName(runId));
  }

  #quarantine(): string {
    return join(this.#root, '.quarantine');
  }
}

function isSmall(tree: SourceTree): boolean {
  const { entries, folders, bytes } = tree.list;
  return (
    tree.isFrozen && folders.length === 0 && entries.length < SPARE_FILES_MAX && bytes <= SPARE_BYTES_MAX
  );
}

/** A folder left by an attempt that was never begun in earnest is removed first. */
async function makeClean(folder: string, quarantine: string): Promise<void> {
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    await removeTree(folder, quarantine);
    mkdirSync(folder, { mode: 0o700 });
  }
}

function changedSentence(changed: readonly string[]): string {
  const named = changed.slice(0, NAMED_MAX).join(', ');
  const more = changed.length > NAMED_MAX ? ` and ${changed.length - NAMED_MAX} more` : '';
  return `changed while the run was going on, so jobs may have seen different versions: ${named}${more}`;
}
