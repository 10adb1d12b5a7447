import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { RunSource } from '../../journal/run-event.ts';
import { safeName } from '../log/paths.ts';
import { copyTree } from './copy-tree.ts';
import type { SourceList } from './entry.ts';
import { removeSmall, removeTree } from './remove-tree.ts';
import { type SourceTree, takeSource } from './source-tree.ts';

/** Beside the workspaces of a run: what they are made from. A cell's folder never begins with a dot. */
const SOURCE = '.source';
/** In the folder of a run that is over: workspaces were kept for a look. */
const KEPT = '.kept';
/** In the folder of an attempt: the workspace holds the artifacts and caches that the job asks for. */
export const BROUGHT = 'brought';
const KEPT_MS = 7 * 24 * 3_600_000;
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
}

/** Makes and removes the workspaces below one root. */
export class Workspaces {
  readonly #root: string;
  readonly #dataFolder: string;
  readonly #sources = new Map<string, Promise<SourceTree>>();
  readonly #kept = new Set<string>();

  /** Both folders may lie inside a source and are then no part of it. `root` is made when it is first needed. */
  constructor(root: string, dataFolder: string) {
    this.#root = root;
    this.#dataFolder = dataFolder;
  }

  /**
   * A clean folder with the run's files, or with what `restore` brings. `resumed`: the one of the earlier owner as it is, where
   * there is one.
   */
  async open(
    runId: string,
    source: RunSource,
    cell: string,
    attempt: number,
    resumed: boolean,
    restore: ((target: string) => Promise<void>) | null = null,
    only: ReadonlySet<string> | null = null,
  ): Promise<Workspace> {
    const folder = this.#attemptFolder(runId, cell, attempt);
    const place = { folder, directory: join(folder, 'work'), temporary: join(folder, 'tmp') };
    if (resumed && existsSync(place.directory)) return { ...place, warnings: [] };
    const tree = await this.#source(runId, source);
    if (restore) return { ...place, warnings: await this.#bringBack(place, tree, restore) };
    return { ...place, warnings: await this.#fill(place, only === null ? tree : partOf(tree, only)) };
  }

  /** Copies the files of the run into an empty folder, with the run's git directory. */
  async copyInto(runId: string, source: RunSource, folder: string): Promise<void> {
    const tree = await this.#source(runId, source);
    await copyTree(tree.list, folder);
    if (tree.gitView) pointTo(tree.gitView, folder);
  }

  /** The files that workspaces of the run are made from. */
  async listSource(runId: string, source: RunSource): Promise<SourceList> {
    return (await this.#source(runId, source)).list;
  }

  /** A folder of the run for something that is no attempt; not made yet. */
  scratch(runId: string, name: string): string {
    return join(this.#runFolder(runId), `.${name}`);
  }

  /** Our own folders, which are no part of a source that they lie in. */
  own(): readonly string[] {
    return [this.#root, this.#dataFolder]
      .filter((path) => existsSync(path))
      .map((path) => realpathSync(path));
  }

  /** Begins to take the files of a run before the first job asks for them. */
  prepare(runId: string, source: RunSource): void {
    this.#source(runId, source).catch(() => {
      // The first job asks again and is told.
    });
  }

  /** What the workspaces of a run read besides: the git directory that they point to, and the objects that it borrows. */
  shared(runId: string): readonly string[] {
    const view = join(this.#runFolder(runId), SOURCE, 'git');
    try {
      const objects = readFileSync(join(view, 'objects', 'info', 'alternates'), 'utf8').trimEnd();
      return [view, objects];
    } catch {
      return []; // The source is no repository.
    }
  }

  /** Leaves the workspace for a look, for some days. */
  keep(workspace: Workspace): void {
    this.#kept.add(workspace.folder);
  }

  /** Removes a workspace. Returns the name of what could not be removed, or null. */
  async remove(workspace: Workspace): Promise<string | null> {
    return removeSmall(workspace.folder) ? null : removeTree(workspace.folder, this.#quarantine());
  }

  /**
   * The run is over: removes all of its files but the workspaces that are kept, and the git directory that those point to.
   * Returns the name of what could not be removed, or null.
   */
  async releaseRun(runId: string): Promise<string | null> {
    await this.#forgetSource(runId);
    const folder = this.#runFolder(runId);
    if (!existsSync(folder)) return null;
    const names = readdirSync(folder);
    const isKept = (name: string) => this.#kept.has(join(folder, name));
    if (!names.some(isKept)) return removeSmall(folder) ? null : removeTree(folder, this.#quarantine());
    writeFileSync(join(folder, KEPT), '');
    const others = names.filter((name) => name !== SOURCE && !isKept(name));
    const paths = [...others.map((name) => join(folder, name)), join(folder, SOURCE, 'source')];
    const left = await Promise.all(paths.map((path) => removeTree(path, this.#quarantine())));
    return left.find((name) => name !== null) ?? null;
  }

  /** Forgets the run's files and removes what is left of it, kept workspaces too. Returns the name of what could not be removed, or null. */
  async removeRun(runId: string): Promise<string | null> {
    await this.#forgetSource(runId);
    return removeTree(this.#runFolder(runId), this.#quarantine());
  }

  /** Removes what runs that are over left behind: their owner died before it could tidy, or they were kept long enough. */
  async tidy(isOver: (runId: string) => Promise<boolean>, nowMs: number): Promise<void> {
    const names = existsSync(this.#root) ? readdirSync(this.#root) : [];
    for (const name of names.filter((one) => !one.startsWith('.'))) {
      const keptMs = modifiedMs(join(this.#root, name, KEPT));
      if (keptMs !== null ? keptMs < nowMs - KEPT_MS : await isOver(name)) await this.removeRun(name);
    }
  }

  /** The workspace as a step left it, what the job had brought in by then included. */
  async #bringBack(
    place: Omit<Workspace, 'warnings'>,
    tree: SourceTree,
    restore: (target: string) => Promise<void>,
  ): Promise<string[]> {
    const partial = await this.#begin(place);
    await restore(partial);
    const pointer = join(partial, '.git');
    // The run's own git directory; one that a step put there stays.
    if (tree.gitView && lstatSync(pointer, { throwIfNoEntry: false })?.isFile()) {
      rmSync(pointer);
      pointTo(tree.gitView, partial);
    }
    writeFileSync(join(place.folder, BROUGHT), '');
    renameSync(partial, place.directory);
    return [];
  }

  /** Empties the folder of an attempt. Returns where the files are gathered. */
  async #begin(place: Omit<Workspace, 'warnings'>): Promise<string> {
    await makeClean(place.folder, this.#quarantine());
    const partial = join(place.folder, 'partial');
    mkdirSync(partial);
    mkdirSync(place.temporary);
    return partial;
  }

  async #fill(place: Omit<Workspace, 'warnings'>, tree: SourceTree): Promise<string[]> {
    const partial = await this.#begin(place);
    const changed = await copyTree(tree.list, partial);
    if (tree.gitView) pointTo(tree.gitView, partial);
    // Under its name it is whole: a later owner never takes a half-filled one for the job's.
    renameSync(partial, place.directory);
    const warnings = [...tree.list.warnings];
    if (!tree.isFrozen && changed.length > 0) warnings.push(changedSentence(changed));
    return warnings;
  }

  #source(runId: string, source: RunSource): Promise<SourceTree> {
    let tree = this.#sources.get(runId);
    if (!tree) {
      const runFolder = this.#runFolder(runId);
      mkdirSync(runFolder, { recursive: true, mode: 0o700 });
      tree = takeSource(source, join(runFolder, SOURCE), this.own());
      tree.catch(() => this.#sources.delete(runId));
      this.#sources.set(runId, tree);
    }
    return tree;
  }

  /** A run may be over before its files are taken: what is still being written would be left. */
  async #forgetSource(runId: string): Promise<void> {
    await this.#sources.get(runId)?.catch(() => null);
    this.#sources.delete(runId);
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

/** When the file was last written; null when there is none. */
function modifiedMs(path: string): number | null {
  try {
    return statSync(path).mtimeMs;
  } catch {
    return null;
  }
}

/** Only these files, and no repository: its history would tell what the files do not. */
function partOf(tree: SourceTree, only: ReadonlySet<string>): SourceTree {
  const entries = tree.list.entries.filter(({ path }) => only.has(path));
  const needed = new Set(entries.flatMap(({ path }) => foldersOf(path)));
  const folders = tree.list.folders.filter((folder) => needed.has(folder));
  return { ...tree, list: { ...tree.list, entries, folders }, gitView: null };
}

function foldersOf(path: string): string[] {
  const parts = path.split('/').slice(0, -1);
  return parts.map((_, index) => parts.slice(0, index + 1).join('/'));
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

function pointTo(gitView: string, directory: string): void {
  writeFileSync(join(directory, '.git'), `gitdir: ${gitView}\n`);
}

function changedSentence(changed: readonly string[]): string {
  const named = changed.slice(0, NAMED_MAX).join(', ');
  const more = changed.length > NAMED_MAX ? ` and ${changed.length - NAMED_MAX} more` : '';
  return `changed while the run was going on, so jobs may have seen different versions: ${named}${more}`;
}
