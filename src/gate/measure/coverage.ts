import type { Change, FileChange } from '../change/change.ts';
import type { ReportEvidence } from '../evidence.ts';
import type { Coverage, CoverageCount, FileCoverage } from '../facts/coverage.ts';
import { changedCoverage, isSourceLike } from './changed-coverage.ts';
import {
  compareText,
  firstRows,
  type Limit,
  type Measurement,
  measured,
  percentOf,
  type Rows,
  unmeasured,
} from './measurement.ts';
import type { FactView } from './view.ts';

export type CoverageMeasure = 'lines' | 'branches' | 'functions';

/** Counts of one file that matter. */
interface FileCount extends CoverageCount {
  readonly path: string;
  /** The first line that was not run; null when that is not known. */
  readonly firstUncovered: number | null;
}

const NOUN = { lines: 'line', branches: 'branch', functions: 'function' } as const;
const PLURAL = { lines: 'lines', branches: 'branches', functions: 'functions' } as const;

/** Percent of what can be run that was run: of everything, or of the changed lines. */
export function coveragePercent(view: FactView, scope: 'all' | 'new', of: CoverageMeasure): Measurement {
  const { reports, problem } = view.reportsOf('coverage');
  if (problem) return problem;
  const coverage = view.coverage(reports);
  if (scope === 'new') return ofChange(view, coverage, of);
  const counts = coverage === null ? null : fileCounts(view, coverage, of);
  if (counts === null) return summaryPercent(view, reports, of);
  return percentOfCounts(counts, of, []);
}

/** Of the changed lines of a source file that is in no report, nothing is known: how many such files there are. */
export function unmeasuredFiles(view: FactView): Measurement {
  const { reports, problem } = view.reportsOf('coverage');
  if (problem) return problem;
  const coverage = view.coverage(reports);
  if (!view.change || !coverage) return noChange(view);
  const { missing } = changedCoverage(coverage, view.change, (path) => view.hasFile(path));
  return measured(missing.length, null, {
    rows: () =>
      firstRows(missing, compareText, (path) => ({
        kind: 'lines',
        text: `${path} is in no coverage report`,
        path,
        line: null,
        fingerprint: null,
      })),
    wayOut: () => `let the coverage of ${missing[0] ?? 'every changed file'} be measured`,
  });
}

function ofChange(view: FactView, coverage: Coverage | null, of: CoverageMeasure): Measurement {
  const { change } = view;
  if (!change) return noChange(view);
  if (of !== 'lines') {
    return unmeasured('missing', `which ${PLURAL[of]} a change touches is not known`, 'judge its lines');
  }
  if (!coverage) {
    return unmeasured('missing', 'a coverage summary tells of no lines', 'let the tool write lcov as well');
  }
  const { files, missing, sources } = changedCoverage(coverage, change, (path) => view.hasFile(path));
  if (sources > 0 && files.length === 0 && missing.length === sources) {
    return unmeasured(
      'missing',
      `no changed file is in the coverage report: ${missing.slice(0, 3).join(', ')}`,
      'let the tool write paths from the root of the repository, or measure these files',
    );
  }
  const counts = files.map(({ path, lines, coverable }) => countLines(path, lines, coverable));
  const total = counts.reduce((sum, one) => sum + one.total, 0);
  if (total === 0) return unmeasured('not-applicable', 'no changed line can be run');
  const notes = missing.length > 0 ? [notMeasured(missing)] : [];
  return percentOfCounts(counts, of, notes);
}

function notMeasured(missing: readonly string[]): string {
  const more = missing.length > 3 ? ` and ${missing.length - 3} more` : '';
  return `in no coverage report: ${missing.slice(0, 3).join(', ')}${more}`;
}

function noChange(view: FactView): Measurement {
  return unmeasured(
    'no-base',
    view.change ? 'there is no coverage by lines' : 'the merge base with the target branch is not known',
    'fetch the target branch with its history',
  );
}

function countLines(path: string, file: FileCoverage, coverable: Iterable<number>): FileCount {
  let [total, covered] = [0, 0];
  let firstUncovered: number | null = null;
  for (const line of coverable) {
    total++;
    if (file.lines.get(line)! > 0) covered++;
    else firstUncovered ??= line;
  }
  return { path, total, covered, firstUncovered };
}

function fileCounts(view: FactView, coverage: Coverage, of: CoverageMeasure): FileCount[] {
  return view.remember(`coverage ${of}`, () => {
    const counts: FileCount[] = [];
    for (const [path, file] of coverage.files) {
      if (view.hasFile(path)) counts.push({ path, ...countOf(file, of), firstUncovered: null });
    }
    return counts;
  });
}

function countOf(file: FileCoverage, of: CoverageMeasure): CoverageCount {
  switch (of) {
    case 'lines':
      return { total: file.lines.total, covered: file.lines.covered };
    case 'branches':
      return file.branchCount();
    case 'functions':
      return file.functionCount();
  }
}

function percentOfCounts(
  counts: readonly FileCount[],
  of: CoverageMeasure,
  notes: readonly string[],
): Measurement {
  let [total, covered] = [0, 0];
  for (const one of counts) {
    total += one.total;
    covered += one.covered;
  }
  return percentOf(covered, total, `${NOUN[of]} that can be run`, {
    notes,
    rows: () => uncoveredRows(counts, of),
    wayOut: (limit) => moreCovered(counts, { total, covered }, limit, of),
  });
}

function uncoveredRows(counts: readonly FileCount[], of: CoverageMeasure): Rows {
  const uncovered = counts.filter((one) => one.covered < one.total);
  return firstRows(uncovered, mostUncovered, ({ path, total, covered, firstUncovered }) => ({
    kind: 'lines',
    text: `${path}: ${total - covered} of ${total} ${PLURAL[of]} not run`,
    path,
    line: firstUncovered,
    fingerprint: null,
  }));
}

function mostUncovered(a: FileCount, b: FileCount): number {
  return b.total - b.covered - (a.total - a.covered) || compareText(a.path, b.path);
}

/** `3 more covered lines in src/a.ts would pass`. */
function moreCovered(
  counts: readonly FileCount[],
  { total, covered }: CoverageCount,
  limit: Limit,
  of: CoverageMeasure,
): string | null {
  if (limit.kind === 'at-most') return null;
  // Rounded first: 0.29 x 100 is a little more than 29.
  const needed = Math.ceil(Number(((limit.value / 100) * total).toFixed(6))) - covered;
  if (needed <= 0) return null;
  if (covered + needed > total) return `${limit.value} % cannot be reached`;
  const most = [...counts].sort(mostUncovered)[0]!;
  const files = most.total - most.covered >= needed ? '' : ' and in other files';
  const noun = needed === 1 ? NOUN[of] : PLURAL[of];
  return `${needed} more covered ${noun} in ${most.path}${files} would pass`;
}

/** Of reports that only have sums: Istanbul's summary. */
function summaryPercent(
  view: FactView,
  reports: readonly ReportEvidence[],
  of: CoverageMeasure,
): Measurement {
  if (view.filter.files.length > 0 || view.filter.exclusions.length > 0) {
    return unmeasured('missing', 'a coverage summary tells of no files', 'let the tool write lcov as well');
  }
  let [total, covered] = [0, 0];
  for (const { facts } of reports) {
    for (const { name, value } of facts.metrics) {
      if (name === `coverage.${of}.total`) total += value;
      if (name === `coverage.${of}.covered`) covered += value;
    }
  }
  return percentOf(covered, total, `${NOUN[of]} that can be run`, {
    wayOut: (limit) => moreCovered([], { total, covered }, limit, of)?.replace(/ in undefined/, '') ?? null,
  });
}

/**
 * Coverage of the base without the lines that the change removes: removing covered code is no loss. When nothing is left, it
 * is compared with the base as it was.
 */
export function adjustedBase(base: FactView, change: Change): Measurement {
  const { reports, problem } = base.reportsOf('coverage');
  if (problem) return problem;
  const coverage = base.coverage(reports);
  const plain = coveragePercent(base, 'all', 'lines');
  if (!coverage || plain.kind === 'unmeasured') return plain;
  let [total, covered] = [0, 0];
  for (const one of fileCounts(base, coverage, 'lines')) {
    total += one.total;
    covered += one.covered;
  }
  for (const file of change.files) {
    const lines = coverageBefore(coverage, file, base)?.lines;
    if (!lines) continue;
    for (const line of file.removed) {
      const hits = lines.get(line);
      if (hits === null) continue;
      total--;
      if (hits > 0) covered--;
    }
  }
  if (total === 0) return plain;
  return measured((100 * covered) / total, total, {
    notes: ['the target branch without the lines that the change removes'],
  });
}

function coverageBefore(coverage: Coverage, file: FileChange, base: FactView): FileCoverage | null {
  const { pathBefore } = file;
  if (pathBefore === null || file.kind === 'copied' || !isSourceLike(pathBefore)) return null;
  const found = coverage.files.get(pathBefore);
  return found && base.hasFile(pathBefore) ? found : null;
}
