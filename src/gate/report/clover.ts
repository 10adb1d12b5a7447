import { Coverage, type FileCoverage } from '../facts/coverage.ts';
import type { FactSink } from '../facts/facts.ts';
import { CERTAIN, type Figures, ReportError, type ReportParser, type ReportReader } from './contract.ts';
import { checkCoverage, coverageFile, hitCount, sourceLine } from './coverage-limits.ts';
import { Doubts, wholeNumber } from './value.ts';
import { type XmlAttributes, type XmlHandler, type XmlPlace, XmlReader } from './xml-reader.ts';

/** Clover XML, as OpenClover, PHPUnit and Istanbul write it. Statements, conditions and methods each stand on a line. */
export const clover: ReportParser = {
  kind: 'clover',
  title: 'Clover XML coverage',
  infer: ({ xmlRoot, text }) =>
    xmlRoot === 'coverage' && /<coverage\s[^>]*\b(?:clover|generated)\s*=|<project\b/.test(text)
      ? CERTAIN
      : 0,
  open: (sink) => new CloverReader(sink),
};

class CloverReader implements ReportReader, XmlHandler {
  readonly roots = ['coverage'];
  readonly what = 'a Clover report';
  readonly #xml = new XmlReader(this);
  readonly #sink: FactSink;
  readonly #doubts: Doubts;
  readonly #coverage = new Coverage();
  readonly #path: string[] = [];
  #hasProject = false;
  #packages = 0;
  #statements = 0;
  #coveredStatements = 0;
  #declared: XmlAttributes = {};
  #file: FileCoverage | null = null;

  constructor(sink: FactSink) {
    this.#sink = sink;
    this.#doubts = new Doubts(sink);
  }

  write(chunk: Uint8Array): void {
    this.#xml.write(chunk);
  }

  end(): Figures {
    this.#xml.end();
    if (!this.#hasProject) {
      throw new ReportError('report-not-this-kind', 'it has no <project>, so it is not a Clover report', {
        line: 1,
        column: 1,
      });
    }
    checkCoverage(this.#coverage, this.#doubts);
    this.#checkDeclared();
    this.#doubts.end();
    this.#sink.coverage(this.#coverage);
    const lines = this.#coverage.lines();
    const branches = this.#coverage.branches();
    const functions = this.#coverage.functions();
    return {
      parse: 'ok',
      packages: this.#packages,
      files: this.#coverage.files.size,
      lines_total: lines.total,
      lines_covered: lines.covered,
      statements_total: this.#statements,
      statements_covered: this.#coveredStatements,
      branches_total: branches.total,
      branches_covered: branches.covered,
      functions_total: functions.total,
      functions_covered: functions.covered,
    };
  }

  open(name: string, attributes: XmlAttributes, place: XmlPlace): void {
    const parent = this.#path.at(-1);
    // What is below <testproject> covers tests and not the product.
    if (name === 'project' && parent === 'coverage') this.#hasProject = true;
    else if (this.#path[1] === 'project') {
      if (name === 'package') this.#packages++;
      else if (name === 'metrics' && parent === 'project') this.#declared = attributes;
      else if (name === 'file') {
        const path = attributes.path ?? attributes.name ?? '';
        this.#file = coverageFile(this.#coverage, path, this.#doubts, place.line);
      } else if (name === 'line' && this.#file) this.#addLine(this.#file, attributes, place.line);
    }
    this.#path.push(name);
  }

  close(name: string): void {
    this.#path.pop();
    if (name === 'file') this.#file = null;
  }

  #addLine(file: FileCoverage, attributes: XmlAttributes, line: number): void {
    const number = sourceLine(attributes.num, '<line num>', line);
    if (attributes.type === 'cond') {
      const taken = hitCount(attributes.truecount, '<line truecount>', line, this.#doubts);
      const untaken = hitCount(attributes.falsecount, '<line falsecount>', line, this.#doubts);
      if (attributes.count === undefined) {
        // Clover counts how often a condition was true and false.
        file.lines.atLeast(number, taken + untaken);
        file.addConditions(number, (taken > 0 ? 1 : 0) + (untaken > 0 ? 1 : 0), 2);
      } else {
        // Istanbul writes how many branches of the line were taken, and how many not.
        file.lines.atLeast(number, hitCount(attributes.count, '<line count>', line, this.#doubts));
        file.addConditions(number, taken, taken + untaken);
      }
      return;
    }
    const hits = hitCount(attributes.count, '<line count>', line, this.#doubts);
    file.lines.atLeast(number, hits);
    if (attributes.type === 'method') {
      file.addFunction(`${attributes.name ?? attributes.signature ?? ''}:${number}`, hits);
      return;
    }
    this.#statements++;
    if (hits > 0) this.#coveredStatements++;
  }

  #checkDeclared(): void {
    for (const [whole, part] of [
      ['statements', 'coveredstatements'],
      ['conditionals', 'coveredconditionals'],
      ['methods', 'coveredmethods'],
    ] as const) {
      const [total, covered] = [wholeNumber(this.#declared[whole]), wholeNumber(this.#declared[part])];
      if (total !== null && covered !== null && covered > total) {
        this.#doubts.add('impossible-number', `${part}="${covered}" of ${whole}="${total}" cannot be`);
      }
    }
  }
}
