import type { FactSink } from '../facts/facts.ts';
import { CERTAIN, type Figures, type ReportParser, type ReportReader } from './contract.ts';
import { severityOf } from './finding.ts';
import { FindingCount } from './finding-count.ts';
import { Doubts, pathText, wholeNumber } from './value.ts';
import { type XmlAttributes, type XmlHandler, type XmlPlace, XmlReader } from './xml-reader.ts';

/** Checkstyle XML, which many linters write too. */
export const checkstyle: ReportParser = {
  kind: 'checkstyle',
  title: 'Checkstyle XML',
  infer: ({ xmlRoot }) => (xmlRoot === 'checkstyle' ? CERTAIN : 0),
  open: (sink) => new CheckstyleReader(sink),
};

class CheckstyleReader implements ReportReader, XmlHandler {
  readonly roots = ['checkstyle'];
  readonly what = 'a Checkstyle report';
  readonly #xml = new XmlReader(this);
  readonly #sink: FactSink;
  readonly #doubts: Doubts;
  readonly #found: FindingCount;
  #depth = 0;
  #files = 0;
  #exceptions = 0;
  #path = '';

  constructor(sink: FactSink) {
    this.#sink = sink;
    this.#doubts = new Doubts(sink);
    this.#found = new FindingCount(sink, 'Checkstyle');
  }

  write(chunk: Uint8Array): void {
    this.#xml.write(chunk);
  }

  /** Checkstyle lists each file that it looked at; other tools only those with findings, so none at all is no doubt. */
  end(): Figures {
    this.#xml.end();
    this.#doubts.end();
    return { parse: 'ok', files: this.#files, exceptions: this.#exceptions, ...this.#found.figures() };
  }

  open(name: string, attributes: XmlAttributes, place: XmlPlace): void {
    if (this.#depth++ === 0) {
      if (attributes.version) this.#sink.tool('Checkstyle', attributes.version);
    } else if (name === 'file') {
      this.#files++;
      this.#path = pathText(attributes.name ?? '');
    } else if (name === 'error') this.#add(attributes);
    else if (name === 'exception') {
      this.#exceptions++;
      this.#doubts.add('incomplete', `Checkstyle could not read ${this.#path}`, { line: place.line });
    }
  }

  close(): void {
    this.#depth--;
  }

  #add(attributes: XmlAttributes): void {
    const level = attributes.severity ?? 'error';
    if (level === 'ignore') return;
    const line = wholeNumber(attributes.line);
    this.#found.add({
      category: 'code',
      rule: (attributes.source ?? '').replace(/^com\.puppycrawl\.tools\.checkstyle\.checks\./, ''),
      severity: severityOf(level),
      level,
      message: attributes.message ?? '',
      place: {
        path: this.#path,
        line: line === 0 ? null : line,
        column: wholeNumber(attributes.column),
      },
    });
  }
}
