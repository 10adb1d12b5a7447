import { Coverage, type FileCoverage } from '../facts/coverage.ts';
import type { FactSink } from '../facts/facts.ts';
import { ByteLines } from './byte-lines.ts';
import {
  CERTAIN,
  type Figures,
  POSSIBLE,
  ReportError,
  type ReportParser,
  type ReportReader,
} from './contract.ts';
import { checkCoverage, coverageFile, hitCount, sourceLine } from './coverage-limits.ts';
import { Doubts, wholeNumber } from './value.ts';

/** lcov tracefiles, also of version 2. Counts of lines, branches and functions are added over repeated records. */
export const lcov: ReportParser = {
  kind: 'lcov',
  title: 'lcov coverage',
  infer: ({ text, name }) => {
    if (/^(?:#.*\n|TN:.*\n|\s+)*SF:/.test(text)) return CERTAIN;
    return name.endsWith('.info') && /^(?:TN|SF|FN|DA):/m.test(text) ? POSSIBLE : 0;
  },
  open: (sink) => new LcovReader(sink),
};

const [D, A, COLON, COMMA, ZERO, NEWLINE] = [0x44, 0x41, 0x3a, 0x2c, 0x30, 0x0a];
const DECLARED = ['LF', 'LH', 'BRF', 'BRH'] as const;
/** Records that carry nothing which is counted here. */
const OTHERS = new Set(['TN', 'VER', 'FN', 'FNF', 'FNH', 'FNL', 'MCDC', 'MRF', 'MRH']);

class LcovReader implements ReportReader {
  readonly #sink: FactSink;
  readonly #doubts: Doubts;
  readonly #lines = new ByteLines(
    (bytes, from, to, number) => this.#line(bytes, from, to, number),
    (bytes, from) => (this.#file ? addPlainLine(this.#file, bytes, from) : -1),
  );
  readonly #coverage = new Coverage();
  readonly #declared = { LF: 0, LH: 0, BRF: 0, BRH: 0 };
  #records = 0;
  #path = '';
  #file: FileCoverage | null = null;
  #isKnown = false;
  #hasFnda = false;

  constructor(sink: FactSink) {
    this.#sink = sink;
    this.#doubts = new Doubts(sink);
  }

  write(chunk: Uint8Array): void {
    this.#lines.write(chunk);
  }

  end(): Figures {
    const lineCount = this.#lines.end();
    if (!this.#isKnown) throw notLcov(1);
    if (this.#records === 0) {
      throw new ReportError('report-not-this-kind', 'it names no source file: there is no SF', {
        line: lineCount,
        column: 1,
      });
    }
    if (this.#file) {
      throw new ReportError(
        'report-malformed',
        `it ends in the middle of the record of ${this.#path}: there is no end_of_record`,
        {
          line: lineCount,
          column: 1,
          suggestion: 'the file is cut off; look whether the tool came to its end',
        },
      );
    }
    const coverage = this.#coverage;
    const [lines, branches, functions] = [coverage.lines(), coverage.branches(), coverage.functions()];
    checkCoverage(coverage, this.#doubts);
    if (this.#records === coverage.files.size && this.#declared.LF > lines.total) {
      this.#doubts.add(
        'totals-differ',
        `LF declares ${this.#declared.LF} lines but there are ${lines.total}`,
      );
    }
    this.#doubts.end();
    this.#sink.coverage(coverage);
    return {
      parse: 'ok',
      records: this.#records,
      files: coverage.files.size,
      lines_total: lines.total,
      lines_covered: lines.covered,
      branches_total: branches.total,
      branches_covered: branches.covered,
      fnda_functions: this.#hasFnda ? functions.total : 0,
      fnda_functions_hit: this.#hasFnda ? functions.covered : 0,
      ...Object.fromEntries(DECLARED.map((name) => [`declared_${name}`, this.#declared[name]])),
    };
  }

  #line(bytes: Uint8Array, from: number, to: number, number: number): void {
    const text = decoder.decode(bytes.subarray(from, to)).trim();
    if (text !== '' && !text.startsWith('#')) this.#record(text, number);
  }

  #record(text: string, line: number): void {
    if (text === 'end_of_record') {
      this.#file = null;
      return;
    }
    const colon = text.indexOf(':');
    const tag = text.slice(0, Math.max(0, colon));
    const rest = text.slice(colon + 1);
    if (tag === 'SF') this.#begin(rest, line);
    else if (tag === 'DA') this.#addLine(rest, line);
    else if (tag === 'BRDA') this.#addBranch(rest, line);
    else if (tag === 'FNDA') {
      this.#hasFnda = true;
      this.#addFunction(rest, 'FNDA', line);
    } else if (tag === 'FNA') this.#addFunction(rest.slice(rest.indexOf(',') + 1), 'FNA', line);
    else if (tag === 'LF' || tag === 'LH' || tag === 'BRF' || tag === 'BRH') this.#declare(tag, rest, line);
    else if (!OTHERS.has(tag)) {
      if (!this.#isKnown) throw notLcov(line);
      if (colon < 0) throw broken(text, line);
      this.#doubts.add('unknown-word', `"${text.slice(0, 40)}" is no record of lcov`, { line });
    } else if (tag === 'TN') this.#isKnown = true;
  }

  #begin(path: string, line: number): void {
    if (this.#file) {
      this.#doubts.add('incomplete', `the record of ${this.#path} has no end_of_record`, { line });
    }
    this.#isKnown = true;
    this.#records++;
    this.#path = path;
    this.#file = coverageFile(this.#coverage, path, this.#doubts, line);
  }

  #addLine(rest: string, line: number): void {
    const [at, hits] = rest.split(',', 2);
    const number = sourceLine(at, 'DA', line);
    this.#open(line).lines.add(number, hitCount(hits, 'DA', line, this.#doubts));
  }

  /** `line,block,branch,taken`; a branch may be an expression with commas in it. */
  #addBranch(rest: string, line: number): void {
    const parts = rest.split(',');
    const taken = parts.at(-1);
    if (parts.length < 4) throw broken(`BRDA:${rest}`, line);
    const count = taken === '-' ? 0 : hitCount(taken, 'BRDA', line, this.#doubts);
    this.#open(line).addBranch(sourceLine(parts[0], 'BRDA', line), parts.slice(1, -1).join(','), count);
  }

  #addFunction(rest: string, tag: string, line: number): void {
    const comma = rest.indexOf(',');
    if (comma < 0) throw broken(`${tag}:${rest}`, line);
    this.#open(line).addFunction(
      rest.slice(comma + 1),
      hitCount(rest.slice(0, comma), tag, line, this.#doubts),
    );
  }

  #declare(tag: (typeof DECLARED)[number], rest: string, line: number): void {
    const count = wholeNumber(rest);
    if (count === null)
      this.#doubts.add('impossible-number', `${tag}:${rest.slice(0, 40)} is no count`, { line });
    this.#declared[tag] += count ?? 0;
  }

  #open(line: number): FileCoverage {
    if (this.#file) return this.#file;
    if (!this.#isKnown) throw notLcov(line);
    throw new ReportError('report-malformed', 'a record without SF: the source file is not named', {
      line,
      column: 1,
    });
  }
}

const decoder = new TextDecoder();

/**
 * `DA:line,count` of digits alone, as nearly all lines are. Returns where its line feed is; -1 when it is anything else, and then
 * nothing was added.
 */
function addPlainLine(file: FileCoverage, bytes: Uint8Array, from: number): number {
  const begin = from + 3;
  const to = bytes.length;
  if (begin >= to || bytes[from] !== D || bytes[from + 1] !== A || bytes[from + 2] !== COLON) return -1;
  let at = begin;
  let line = 0;
  for (; at < to; at++) {
    const digit = bytes[at]! - ZERO;
    if (digit < 0 || digit > 9) break;
    line = line * 10 + digit;
  }
  if (at === to || bytes[at] !== COMMA || at === begin || at - begin > 9) return -1;
  const count = ++at;
  let hits = 0;
  for (; at < to; at++) {
    const digit = bytes[at]! - ZERO;
    if (digit < 0 || digit > 9) break;
    hits = hits * 10 + digit;
  }
  if (at === to || bytes[at] !== NEWLINE || at === count || at - count > 15) return -1;
  file.lines.add(line, hits);
  return at;
}

function notLcov(line: number): ReportError {
  return new ReportError(
    'report-not-this-kind',
    'it is no lcov tracefile: it does not begin with TN: or SF:',
    {
      line,
      column: 1,
    },
  );
}

function broken(record: string, line: number): ReportError {
  return new ReportError('report-malformed', `the record "${record.slice(0, 40)}" is cut off`, {
    line,
    column: 1,
  });
}
