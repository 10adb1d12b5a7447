import type { LineRanges } from './line-ranges.ts';

/** What a change does to one file. */
export interface FileChange {
  /** Where it is now; of a removed file, where it was. */
  readonly path: string;
  /** Where it was at the base; null for a file that is new. */
  readonly pathBefore: string | null;
  readonly kind: 'added' | 'modified' | 'removed' | 'renamed' | 'copied';
  /** Lines that are new or differ, counted in the file as it is now. */
  readonly added: LineRanges;
  /** Lines that are gone or differ, counted in the file as it was at the base. */
  readonly removed: LineRanges;
  /** Git does not compare its lines. */
  readonly isBinary: boolean;
}

/** A change from the merge base to the head. */
export class Change {
  readonly files: readonly FileChange[];
  readonly #byPath = new Map<string, FileChange>();
  readonly #byPathBefore = new Map<string, FileChange>();
  /** Paths of renamed files, as they were and as they are. Mostly there are none, and this is asked for each finding. */
  readonly #renamed = new Map<string, string>();
  #byName: Map<string, FileChange[]> | null = null;
  #linesAdded = 0;

  constructor(files: readonly FileChange[]) {
    this.files = files;
    for (const file of files) {
      if (file.kind !== 'removed') this.#byPath.set(file.path, file);
      // A copied file leaves the one that it came from where it was.
      if (file.pathBefore !== null && file.kind !== 'copied') this.#byPathBefore.set(file.pathBefore, file);
      if (file.pathBefore !== null && file.kind === 'renamed') this.#renamed.set(file.pathBefore, file.path);
      this.#linesAdded += file.added.count;
    }
  }

  get linesAdded(): number {
    return this.#linesAdded;
  }

  /** The change of the file that is at this path now; null when it is as it was. */
  at(path: string): FileChange | null {
    return this.#byPath.get(path) ?? null;
  }

  /**
   * Whether the change adds the line. A report may name files absolutely or from a folder below; where a name fits several changed
   * files, one that adds the line is enough.
   */
  addsLine(path: string, line: number): boolean {
    const exact = this.#byPath.get(path);
    if (exact) return exact.added.has(line);
    const name = path.replace(/^\.\//, '');
    this.#byName ??= Map.groupBy(this.#byPath.values(), (file) => lastName(file.path));
    return (this.#byName.get(lastName(name)) ?? []).some(
      (file) =>
        (name.endsWith(`/${file.path}`) || `/${file.path}`.endsWith(`/${name}`)) && file.added.has(line),
    );
  }

  /** The change of the file that was at this path at the base; null when it is as it was. */
  before(path: string): FileChange | null {
    return this.#byPathBefore.get(path) ?? null;
  }

  /** Where the file of the base is now: the same path, but for renamed ones. */
  renamed(pathBefore: string): string {
    if (this.#renamed.size === 0) return pathBefore;
    return this.#renamed.get(pathBefore) ?? pathBefore;
  }
}

function lastName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
