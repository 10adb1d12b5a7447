import type { Coverage, FileCoverage } from '../facts/coverage.ts';
import { ReportError } from './contract.ts';
import { type Doubts, pathText } from './value.ts';

/** More files than this are no project: they are a mistake, or an attack on memory. */
const FILES_MAX = 100_000;
const LINE_MAX = 2 ** 31 - 1;

/** The file in the coverage, with its path as a gate wants it. Throws `ReportError` when there are too many files. */
export function coverageFile(coverage: Coverage, path: string, doubts: Doubts, line: number): FileCoverage {
  const plain = pathText(path);
  const isNew = !coverage.files.has(plain);
  if (isNew && coverage.files.size >= FILES_MAX) {
    throw new ReportError('report-refused', `more than ${FILES_MAX} source files`, { line, column: 1 });
  }
  if (isNew && (plain === '..' || plain.startsWith('../'))) {
    doubts.add('path-outside', `${plain} lies outside of where the tool ran`, { line });
  }
  return coverage.file(plain);
}

/**
 * A line number of a source file, checked. Throws `ReportError` for what is none.
 */
export function sourceLine(text: string | undefined, what: string, line: number): number {
  const number = text !== undefined && /^\s*\d+\s*$/.test(text) ? Number(text) : Number.NaN;
  if (number <= LINE_MAX) return number;
  throw new ReportError('report-value', `${what}: "${(text ?? '').slice(0, 40)}" is no line number`, {
    line,
    column: 1,
  });
}

/**
 * How often something was run. A negative or broken count is a doubt and counts as not run; what is no number at all
 * is a `ReportError`.
 */
export function hitCount(text: string | undefined, what: string, line: number, doubts: Doubts): number {
  if (text !== undefined && /^\d{1,15}$/.test(text)) return Number(text);
  const hits =
    text !== undefined && /^\s*[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?\s*$/i.test(text) ? Number(text) : null;
  if (hits === null) {
    throw new ReportError('report-value', `${what}: the count "${(text ?? '').slice(0, 40)}" is no number`, {
      line,
      column: 1,
    });
  }
  if (hits < 0 || !Number.isInteger(hits)) {
    doubts.add('impossible-number', `${what}: the count ${hits} cannot be`, { line });
  }
  return hits < 0 ? 0 : hits > 0 && hits < 1 ? 1 : Math.floor(hits);
}

/** What every coverage report says at its end: the doubt that it holds no line. */
export function checkCoverage(coverage: Coverage, doubts: Doubts): void {
  if (coverage.lines().total === 0) doubts.add('empty', 'the report has no line that could be run');
}
