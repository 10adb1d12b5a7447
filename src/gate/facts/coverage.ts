import { LineHits } from './line-hits.ts';

/** How much there is and how much of it was run. */
export interface CoverageCount {
  readonly total: number;
  readonly covered: number;
}

/**
 * Coverage of source files, merged: a file, line, branch or function may be told several times (records, classes, shards), its
 * counts are then added.
 */
export class Coverage {
  readonly #files = new Map<string, FileCoverage>();

  get files(): ReadonlyMap<string, FileCoverage> {
    return this.#files;
  }

  /** The file's coverage, made when it is first asked for. `path` is as the report names it. */
  file(path: string): FileCoverage {
    let file = this.#files.get(path);
    if (!file) {
      file = new FileCoverage(path);
      this.#files.set(path, file);
    }
    return file;
  }

  lines(): CoverageCount {
    return sum(this.#files, (file) => file.lines);
  }

  branches(): CoverageCount {
    return sum(this.#files, (file) => file.branchCount());
  }

  functions(): CoverageCount {
    return sum(this.#files, (file) => file.functionCount());
  }

  /** Adds what another report, such as another shard's, knows. */
  merge(other: Coverage): void {
    for (const [path, file] of other.files) this.file(path).merge(file);
  }
}

/** Coverage of one file. */
export class FileCoverage {
  readonly path: string;
  /** How often each line was run that can be run. */
  readonly lines = new LineHits();
  /** Line and branch (`line:rest`) -> how often it was taken. Only made when there are branches. */
  #branches: Map<string, number> | null = null;
  /** For formats that only count a line's branches: line -> covered and total. */
  #conditions: Map<number, CoverageCount> | null = null;
  #functions: Map<string, number> | null = null;

  constructor(path: string) {
    this.path = path;
  }

  /** `branch` tells the branches of a line apart. */
  addBranch(line: number, branch: string, count: number): void {
    this.#branches ??= new Map();
    const key = `${line}:${branch}`;
    this.#branches.set(key, (this.#branches.get(key) ?? 0) + count);
  }

  /** Of a line of which only the number of its branches is known. Told again, the better count is kept. */
  addConditions(line: number, covered: number, total: number): void {
    this.#conditions ??= new Map();
    const known = this.#conditions.get(line);
    if (known && known.total > total) return;
    this.#conditions.set(line, {
      total,
      covered: known?.total === total ? Math.max(known.covered, covered) : covered,
    });
  }

  /** `name` tells the functions of the file apart; add the line when names repeat. */
  addFunction(name: string, count: number): void {
    this.#functions ??= new Map();
    this.#functions.set(name, (this.#functions.get(name) ?? 0) + count);
  }

  branchCount(): CoverageCount {
    let { total, covered } = count(this.#branches);
    for (const one of this.#conditions?.values() ?? []) {
      total += one.total;
      covered += one.covered;
    }
    return { total, covered };
  }

  functionCount(): CoverageCount {
    return count(this.#functions);
  }

  merge(other: FileCoverage): void {
    for (const [line, hits] of other.lines.entries()) this.lines.add(line, hits);
    for (const [key, taken] of other.#branches ?? []) {
      const colon = key.indexOf(':');
      this.addBranch(Number(key.slice(0, colon)), key.slice(colon + 1), taken);
    }
    for (const [line, one] of other.#conditions ?? []) this.addConditions(line, one.covered, one.total);
    for (const [name, hits] of other.#functions ?? []) this.addFunction(name, hits);
  }
}

function sum(
  files: ReadonlyMap<string, FileCoverage>,
  countOf: (file: FileCoverage) => CoverageCount,
): CoverageCount {
  let [total, covered] = [0, 0];
  for (const file of files.values()) {
    const one = countOf(file);
    total += one.total;
    covered += one.covered;
  }
  return { total, covered };
}

function count(hits: ReadonlyMap<string, number> | null): CoverageCount {
  let covered = 0;
  for (const one of hits?.values() ?? []) if (one > 0) covered++;
  return { total: hits?.size ?? 0, covered };
}
