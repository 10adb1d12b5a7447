import { Coverage } from '../facts/coverage.ts';
import type { FactSink } from '../facts/facts.ts';
import { CERTAIN, type Figures, ReportError, type ReportParser, type ReportReader } from './contract.ts';
import { checkCoverage, coverageFile } from './coverage-limits.ts';
import { LineReader } from './line-reader.ts';
import { SeenIds } from './seen-ids.ts';
import { Doubts } from './value.ts';
import { emptyReport } from './xml-reader.ts';

/** Go's cover profile: `file:from.column,to.column statements count`. A block of several profiles counts once, with its best count. */
export const goCover: ReportParser = {
  kind: 'go-cover',
  title: 'go test -coverprofile',
  infer: ({ text }) => (/^\s*mode: (?:set|count|atomic)\s*$/m.test(text.slice(0, 200)) ? CERTAIN : 0),
  open: (sink) => new GoCoverReader(sink),
};

/** Mark of a block that was run. */
const RUN = 1;
const BLOCKS_MAX = 2_000_000;
const LINES_MAX = 100_000;
const BLOCK = /^(.+):(\d{1,9})\.(\d{1,9}),(\d{1,9})\.(\d{1,9}) (\d{1,9}) (\d{1,15})$/;

class GoCoverReader implements ReportReader {
  readonly #lines = new LineReader((line, number) => this.#line(line, number));
  readonly #sink: FactSink;
  readonly #doubts: Doubts;
  readonly #coverage = new Coverage();
  /** Which blocks were told, and which of them were run. */
  readonly #blocks = new SeenIds();
  #mode: string | null = null;
  #statements = 0;
  #covered = 0;
  #endsWithNewline = true;

  constructor(sink: FactSink) {
    this.#sink = sink;
    this.#doubts = new Doubts(sink);
    sink.tool('go cover', null);
  }

  write(chunk: Uint8Array): void {
    if (chunk.length > 0) this.#endsWithNewline = chunk.at(-1) === 0x0a;
    this.#lines.write(chunk);
  }

  end(): Figures {
    const lines = this.#lines.end();
    if (this.#mode === null) throw emptyReport();
    if (!this.#endsWithNewline) {
      this.#doubts.add('incomplete', 'its last line has no end: it may be cut off', { line: lines });
    }
    checkCoverage(this.#coverage, this.#doubts);
    this.#doubts.end();
    this.#sink.coverage(this.#coverage);
    const { total, covered } = this.#coverage.lines();
    return {
      parse: 'ok',
      mode: this.#mode,
      files: this.#coverage.files.size,
      blocks: this.#blocks.distinct,
      statements_total: this.#statements,
      statements_covered: this.#covered,
      lines_total: total,
      lines_covered: covered,
    };
  }

  #line(line: string, number: number): void {
    if (line.trim() === '') return;
    const mode = /^mode: (set|count|atomic)$/.exec(line);
    if (mode) {
      this.#mode ??= mode[1]!;
      return;
    }
    if (this.#mode === null) {
      throw new ReportError(
        'report-not-this-kind',
        'it is no cover profile of Go: it does not begin with mode:',
        {
          line: number,
          column: 1,
        },
      );
    }
    this.#block(line, number);
  }

  #block(text: string, number: number): void {
    const found = BLOCK.exec(text);
    const [, path, from, , to, , statements, count] = found ?? [];
    if (path === undefined || Number(from) < 1 || Number(to) < Number(from)) {
      throw new ReportError('report-malformed', `"${text.slice(0, 80)}" is no block of a cover profile`, {
        line: number,
        column: 1,
      });
    }
    if (Number(to) - Number(from) > LINES_MAX) {
      throw new ReportError('report-refused', `a block of more than ${LINES_MAX} lines`, {
        line: number,
        column: 1,
      });
    }
    const isRun = Number(count) > 0;
    this.#count(text.slice(0, text.lastIndexOf(' ')), Number(statements), isRun, number);
    // A block without statements is only a closing brace.
    if (statements === '0') return;
    const file = coverageFile(this.#coverage, path, this.#doubts, number);
    for (let line = Number(from); line <= Number(to); line++) file.lines.atLeast(line, Number(count));
  }

  #count(block: string, statements: number, isRun: boolean, line: number): void {
    const before = this.#blocks.distinct;
    const wasRun = (this.#blocks.add('', block, isRun ? RUN : 0) & RUN) !== 0;
    if (this.#blocks.distinct > before) this.#statements += statements;
    if (isRun && !wasRun) this.#covered += statements;
    if (this.#blocks.distinct > BLOCKS_MAX) {
      throw new ReportError('report-refused', `more than ${BLOCKS_MAX} blocks`, { line, column: 1 });
    }
  }
}
