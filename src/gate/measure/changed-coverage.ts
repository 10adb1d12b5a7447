import type { Change, FileChange } from '../change/change.ts';
import type { Coverage, FileCoverage } from '../facts/coverage.ts';

/** Changed lines of one file that can be run. */
interface ChangedFile {
  readonly path: string;
  readonly lines: FileCoverage;
  readonly coverable: readonly number[];
}

/** What of a change is in the coverage and what is not. */
export interface ChangedCoverage {
  readonly files: readonly ChangedFile[];
  /** Changed source files, of a kind that the report has, that it says nothing about. */
  readonly missing: readonly string[];
  /** How many changed files look like sources that are measured. */
  readonly sources: number;
}

/** Tests, declarations and settings are never measured. */
const NEVER_MEASURED =
  /(^|\/)(tests?|__tests__|__mocks__|specs?|fixtures|bench|examples)\/|[._-](test|spec|bench|stories|config)\.[^/.]+$|(^|\/)test_[^/]*$|_test\.[^/.]+$|\.d\.[cm]?ts$/;

/** Whether lines of the file could be measured at all. */
export function isSourceLike(path: string): boolean {
  return !NEVER_MEASURED.test(path);
}

/** Joins a change with coverage. Deleted files and lines do not count; a renamed file counts under its new path. */
export function changedCoverage(
  coverage: Coverage,
  change: Change,
  accepts: (path: string) => boolean,
): ChangedCoverage {
  const find = finderOf(coverage);
  const extensions = new Set([...coverage.files.keys()].map(extensionOf));
  const files: ChangedFile[] = [];
  const missing: string[] = [];
  let sources = 0;
  for (const file of change.files) {
    if (file.kind === 'removed' || file.added.count === 0 || file.isBinary || !accepts(file.path)) continue;
    const lines = find(file.path);
    const isSource = isSourceLike(file.path) && extensions.has(extensionOf(file.path));
    if (lines || isSource) sources++;
    if (lines) files.push({ path: file.path, lines, coverable: coverableOf(file, lines) });
    else if (isSource) missing.push(file.path);
  }
  return { files, missing, sources };
}

function coverableOf(file: FileChange, coverage: FileCoverage): number[] {
  const coverable: number[] = [];
  for (const line of file.added) if (coverage.lines.get(line) !== null) coverable.push(line);
  return coverable;
}

/**
 * Finds the coverage of a file of the repository. Reports name files from the root, absolutely, or from a folder below; a name
 * that fits several is none, since the coverage of one would be taken for that of another.
 */
function finderOf(coverage: Coverage): (path: string) => FileCoverage | null {
  let byName: Map<string, string[]> | null = null;
  return (path) => {
    const exact = coverage.files.get(path);
    if (exact) return exact;
    byName ??= Map.groupBy(coverage.files.keys(), nameOf) as Map<string, string[]>;
    const near = (byName.get(nameOf(path)) ?? []).filter(
      (one) =>
        one.endsWith(`/${path}`) || path.endsWith(`/${one.replace(/^\.\//, '')}`) || one === `./${path}`,
    );
    return near.length === 1 ? coverage.files.get(near[0]!)! : null;
  };
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

function extensionOf(path: string): string {
  const name = nameOf(path);
  const dot = name.lastIndexOf('.');
  return dot < 0 ? '' : name.slice(dot);
}
