import { Coverage, type FileCoverage } from '../facts/coverage.ts';
import type { FactSink } from '../facts/facts.ts';
import { CERTAIN, type Figures, ReportError, type ReportParser, type ReportReader } from './contract.ts';
import { checkCoverage, coverageFile, hitCount, sourceLine } from './coverage-limits.ts';
import { Doubts } from './value.ts';
import { type XmlAttributes, type XmlHandler, type XmlPlace, XmlReader } from './xml-reader.ts';

/** JaCoCo XML. The figures are the report's own counters; lines are those of its source files. */
export const jacoco: ReportParser = {
  kind: 'jacoco',
  title: 'JaCoCo XML coverage',
  infer: ({ xmlRoot, text }) =>
    xmlRoot === 'report' && /JACOCO|<sessioninfo|<counter\s|<(?:group|package)\s/.test(text) ? CERTAIN : 0,
  open: (sink) => new JacocoReader(sink),
};

class JacocoReader implements ReportReader, XmlHandler {
  readonly roots = ['report'];
  readonly what = 'a JaCoCo report';
  readonly #xml = new XmlReader(this);
  readonly #sink: FactSink;
  readonly #doubts: Doubts;
  readonly #coverage = new Coverage();
  readonly #counters: Record<string, { missed: number; covered: number }> = {};
  #depth = 0;
  #packages = 0;
  #classes = 0;
  #package = '';
  #class: { readonly path: string; readonly name: string } | null = null;
  #method: string | null = null;
  #file: FileCoverage | null = null;
  #lines = 0;
  #coveredLines = 0;

  constructor(sink: FactSink) {
    this.#sink = sink;
    this.#doubts = new Doubts(sink);
  }

  write(chunk: Uint8Array): void {
    this.#xml.write(chunk);
  }

  end(): Figures {
    this.#xml.end();
    if (Object.keys(this.#counters).length === 0 && this.#packages === 0) {
      throw new ReportError(
        'report-not-this-kind',
        'it has neither counters nor packages, so it is not a JaCoCo report',
        {
          line: 1,
          column: 1,
        },
      );
    }
    checkCoverage(this.#coverage, this.#doubts);
    this.#doubts.end();
    this.#sink.coverage(this.#coverage);
    return {
      parse: 'ok',
      packages: this.#packages,
      classes: this.#classes,
      ...this.#counters,
      source_lines: this.#lines,
      source_lines_covered_ci_gt_0: this.#coveredLines,
    };
  }

  open(name: string, attributes: XmlAttributes, place: XmlPlace): void {
    const depth = ++this.#depth;
    switch (name) {
      case 'package':
        this.#packages++;
        this.#package = attributes.name ?? '';
        break;
      case 'class':
        this.#classes++;
        this.#class = { path: this.#pathOf(attributes.sourcefilename), name: attributes.name ?? '' };
        break;
      case 'method':
        this.#method = `${attributes.name ?? ''}${attributes.desc ?? ''}`;
        break;
      case 'sourcefile':
        this.#file = coverageFile(this.#coverage, this.#pathOf(attributes.name), this.#doubts, place.line);
        break;
      case 'line':
        if (this.#file) this.#addLine(this.#file, attributes, place.line);
        break;
      case 'counter':
        if (depth === 2) this.#addCounter(attributes, place.line);
        else if (this.#method && attributes.type === 'METHOD') this.#addMethod(attributes, place.line);
    }
  }

  close(name: string): void {
    this.#depth--;
    if (name === 'sourcefile') this.#file = null;
    else if (name === 'class') this.#class = null;
    else if (name === 'method') this.#method = null;
  }

  #pathOf(file: string | undefined): string {
    return this.#package === '' ? (file ?? '') : `${this.#package}/${file ?? ''}`;
  }

  #count(attributes: XmlAttributes, name: string, line: number): number {
    return hitCount(attributes[name], `<${name}>`, line, this.#doubts);
  }

  #addCounter(attributes: XmlAttributes, line: number): void {
    this.#counters[attributes.type ?? ''] = {
      missed: this.#count(attributes, 'missed', line),
      covered: this.#count(attributes, 'covered', line),
    };
  }

  #addMethod(attributes: XmlAttributes, line: number): void {
    if (!this.#class) return;
    const file = coverageFile(this.#coverage, this.#class.path, this.#doubts, line);
    file.addFunction(`${this.#class.name}.${this.#method}`, this.#count(attributes, 'covered', line));
  }

  /** `ci` covered and `mi` missed instructions, `cb` covered and `mb` missed branches. */
  #addLine(file: FileCoverage, attributes: XmlAttributes, line: number): void {
    const number = sourceLine(attributes.nr, '<line nr>', line);
    const covered = this.#count(attributes, 'ci', line);
    this.#lines++;
    if (covered > 0) this.#coveredLines++;
    file.lines.atLeast(number, covered);
    if (attributes.cb === undefined) return;
    const branches = this.#count(attributes, 'cb', line);
    const total = branches + this.#count(attributes, 'mb', line);
    if (total > 0) file.addConditions(number, branches, total);
  }
}
