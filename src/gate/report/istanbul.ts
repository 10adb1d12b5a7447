import { Coverage, type FileCoverage } from '../facts/coverage.ts';
import type { FactSink } from '../facts/facts.ts';
import { CERTAIN, type Figures, ReportError, type ReportParser, type ReportReader } from './contract.ts';
import { checkCoverage, coverageFile } from './coverage-limits.ts';
import { type JsonHandler, type JsonPath, JsonReader, pointerOf } from './json-reader.ts';
import { Doubts, isRecord, type JsonRecord, list, record, text } from './value.ts';

/** Istanbul's full coverage (coverage-final.json). A line was run as often as the statement on it that was run most. */
export const istanbul: ReportParser = {
  kind: 'istanbul',
  title: 'Istanbul coverage-final.json',
  infer: ({ json, text }) => (json === 'object' && /"statementMap"\s*:\s*\{/.test(text) ? CERTAIN : 0),
  open: (sink) => new IstanbulReader(sink),
};

const LINE_MAX = 2 ** 31 - 1;

class IstanbulReader implements ReportReader, JsonHandler {
  readonly split: JsonPath[] = [];
  readonly #json = new JsonReader(this);
  readonly #sink: FactSink;
  readonly #doubts: Doubts;
  readonly #coverage = new Coverage();
  readonly #statements = { total: 0, covered: 0 };

  constructor(sink: FactSink) {
    this.#sink = sink;
    this.#doubts = new Doubts(sink);
  }

  write(chunk: Uint8Array): void {
    this.#json.write(chunk);
  }

  end(): Figures {
    this.#json.end();
    checkCoverage(this.#coverage, this.#doubts);
    this.#doubts.end();
    this.#sink.coverage(this.#coverage);
    const [lines, branches, functions] = [
      this.#coverage.lines(),
      this.#coverage.branches(),
      this.#coverage.functions(),
    ];
    return {
      parse: 'ok',
      files: this.#coverage.files.size,
      lines_total: lines.total,
      lines_covered: lines.covered,
      statements_total: this.#statements.total,
      statements_covered: this.#statements.covered,
      functions_total: functions.total,
      functions_covered: functions.covered,
      branches_total: branches.total,
      branches_covered: branches.covered,
    };
  }

  enter(_path: JsonPath, kind: 'object' | 'array'): void {
    if (kind === 'array') throw notIstanbul('it is a list');
  }

  value(path: JsonPath, value: unknown): void {
    // Files that were never loaded may be wrapped: { "data": {...} }.
    const entry = isRecord(value) && isRecord(value.data) ? value.data : value;
    if (!isRecord(entry) || !isRecord(entry.statementMap) || !isRecord(entry.s)) {
      throw notIstanbul('a file has no statements', pointerOf(path));
    }
    const file = coverageFile(this.#coverage, text(entry.path) ?? String(path[0] ?? ''), this.#doubts, 1);
    this.#addStatements(file, entry, path);
    this.#addFunctions(file, entry, path);
    this.#addBranches(file, entry, path);
  }

  #addStatements(file: FileCoverage, entry: JsonRecord, path: JsonPath): void {
    const counts = record(entry.s);
    for (const [id, range] of Object.entries(record(entry.statementMap))) {
      const pointer = `${pointerOf(path)}/s/${id}`;
      const count = this.#count(counts[id], pointer);
      this.#statements.total++;
      if (count > 0) this.#statements.covered++;
      file.lines.atLeast(lineOf(range, `${pointerOf(path)}/statementMap/${id}`), count);
    }
  }

  #addFunctions(file: FileCoverage, entry: JsonRecord, path: JsonPath): void {
    const counts = record(entry.f);
    for (const id of Object.keys(record(entry.fnMap))) {
      file.addFunction(id, this.#count(counts[id], `${pointerOf(path)}/f/${id}`));
    }
  }

  #addBranches(file: FileCoverage, entry: JsonRecord, path: JsonPath): void {
    const counts = record(entry.b);
    for (const [id, branch] of Object.entries(record(entry.branchMap))) {
      const place = record(branch).loc ?? list(record(branch).locations)[0];
      const line = record(record(place).start).line;
      for (const [index, count] of list(counts[id]).entries()) {
        const pointer = `${pointerOf(path)}/b/${id}/${index}`;
        file.addBranch(typeof line === 'number' ? line : 0, `${id}:${index}`, this.#count(count, pointer));
      }
    }
  }

  #count(value: unknown, pointer: string): number {
    if (typeof value !== 'number') {
      throw new ReportError('report-value', `${JSON.stringify(value) ?? 'nothing'} is no count`, { pointer });
    }
    if (value >= 0 && Number.isInteger(value)) return value;
    this.#doubts.add('impossible-number', `the count ${value} cannot be`, { pointer });
    return Math.max(0, Math.floor(value));
  }
}

function lineOf(range: unknown, pointer: string): number {
  const { line } = record(record(range).start);
  if (typeof line === 'number' && Number.isInteger(line) && line >= 0 && line <= LINE_MAX) return line;
  throw new ReportError('report-value', `${JSON.stringify(line) ?? 'nothing'} is no line number`, {
    pointer,
  });
}

function notIstanbul(cause: string, pointer = ''): ReportError {
  return new ReportError('report-not-this-kind', `it is no coverage of Istanbul: ${cause}`, { pointer });
}
