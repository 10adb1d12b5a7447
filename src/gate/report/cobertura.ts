import { Coverage, type FileCoverage } from '../facts/coverage.ts';
import type { FactSink } from '../facts/facts.ts';
import {
  CERTAIN,
  type Figures,
  LIKELY,
  ReportError,
  type ReportParser,
  type ReportReader,
} from './contract.ts';
import { checkCoverage, coverageFile, hitCount, sourceLine } from './coverage-limits.ts';
import { Doubts, wholeNumber } from './value.ts';
import { type XmlAttributes, type XmlHandler, type XmlPlace, XmlReader } from './xml-reader.ts';

/** Cobertura XML. Only lines of classes count: those of methods repeat them. */
export const cobertura: ReportParser = {
  kind: 'cobertura',
  title: 'Cobertura XML coverage',
  infer: ({ xmlRoot, text }) => {
    if (xmlRoot !== 'coverage') return 0;
    // Clover has the same root element.
    if (/<coverage\s[^>]*\b(?:clover|generated)\s*=|<project\b/.test(text)) return 0;
    return /line-rate|<packages\b|cobertura/.test(text) ? CERTAIN : LIKELY;
  },
  open: (sink) => new CoberturaReader(sink),
};

const QUOTED_ATTRIBUTES = ['line-rate', 'branch-rate', 'lines-valid', 'lines-covered'] as const;

class CoberturaReader implements ReportReader, XmlHandler {
  readonly roots = ['coverage'];
  readonly what = 'a Cobertura report';
  readonly #xml = new XmlReader(this);
  readonly #sink: FactSink;
  readonly #doubts: Doubts;
  readonly #coverage = new Coverage();
  readonly #path: string[] = [];
  #rootAttributes: XmlAttributes = {};
  #hasPackages = false;
  #packages = 0;
  #classes = 0;
  #file: FileCoverage | null = null;
  readonly #raw = { lines: 0, covered: 0, conditions: 0, conditionsCovered: 0 };

  constructor(sink: FactSink) {
    this.#sink = sink;
    this.#doubts = new Doubts(sink);
  }

  write(chunk: Uint8Array): void {
    this.#xml.write(chunk);
  }

  end(): Figures {
    this.#xml.end();
    if (!this.#hasPackages && this.#rootAttributes['line-rate'] === undefined) {
      throw new ReportError('report-not-this-kind', 'it has no <packages>, so it is not a Cobertura report', {
        line: 1,
        column: 1,
      });
    }
    checkCoverage(this.#coverage, this.#doubts);
    const lines = this.#coverage.lines();
    const declared = wholeNumber(this.#rootAttributes['lines-valid']);
    if (declared !== null && declared !== this.#raw.lines && declared !== lines.total) {
      this.#doubts.add(
        'totals-differ',
        `lines-valid declares ${declared} lines but there are ${lines.total}`,
      );
    }
    this.#doubts.end();
    this.#sink.coverage(this.#coverage);
    const quoted = QUOTED_ATTRIBUTES.filter((name) => this.#rootAttributes[name] !== undefined);
    return {
      parse: 'ok',
      packages: this.#packages,
      classes: this.#classes,
      files: this.#coverage.files.size,
      class_lines_raw: this.#raw.lines,
      class_lines_raw_covered: this.#raw.covered,
      lines_total_unique_file_line: lines.total,
      lines_covered_unique_file_line: lines.covered,
      branch_conditions_total: this.#raw.conditions,
      branch_conditions_covered: this.#raw.conditionsCovered,
      ...Object.fromEntries(quoted.map((name) => [`root_attr_${name}`, this.#rootAttributes[name]!])),
    };
  }

  open(name: string, attributes: XmlAttributes, place: XmlPlace): void {
    const { length } = this.#path;
    if (length === 0) this.#begin(attributes, place);
    else if (name === 'packages') this.#hasPackages = true;
    else if (name === 'package') this.#packages++;
    else if (name === 'class') {
      this.#classes++;
      this.#file = coverageFile(this.#coverage, attributes.filename ?? '', this.#doubts, place.line);
    } else if (name === 'line' && this.#file && this.#path[length - 1] === 'lines') {
      if (this.#path[length - 2] === 'class') this.#addLine(this.#file, attributes, place.line);
    } else if (name === 'method' && this.#file) {
      const hits = Number(attributes.hits ?? attributes['line-rate']);
      this.#file.addFunction(`${attributes.name ?? ''}${attributes.signature ?? ''}`, hits > 0 ? 1 : 0);
    }
    this.#path.push(name);
  }

  close(name: string): void {
    this.#path.pop();
    if (name === 'class') this.#file = null;
  }

  #begin(attributes: XmlAttributes, { line }: XmlPlace): void {
    this.#rootAttributes = attributes;
    for (const name of ['line-rate', 'branch-rate'] as const) {
      const value = attributes[name];
      if (value === undefined) continue;
      const rate = value.trim() === '' ? Number.NaN : Number(value);
      if (!(rate >= 0 && rate <= 1)) {
        this.#doubts.add('impossible-number', `${name}="${value.slice(0, 40)}" is no rate from 0 to 1`, {
          line,
        });
      }
    }
  }

  #addLine(file: FileCoverage, attributes: XmlAttributes, line: number): void {
    const number = sourceLine(attributes.number, '<line number>', line);
    const hits = hitCount(attributes.hits, '<line hits>', line, this.#doubts);
    this.#raw.lines++;
    if (hits > 0) this.#raw.covered++;
    file.lines.atLeast(number, hits);
    const [, covered, total] = /\((\d+)\s*\/\s*(\d+)\)/.exec(attributes['condition-coverage'] ?? '') ?? [];
    if (total === undefined) return;
    this.#raw.conditions += Number(total);
    this.#raw.conditionsCovered += Number(covered);
    if (Number(covered) > Number(total)) {
      this.#doubts.add('impossible-number', `${covered} of ${total} conditions cannot be`, { line });
    }
    file.addConditions(number, Number(covered), Number(total));
  }
}
