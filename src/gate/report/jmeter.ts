import type { FactSink } from '../facts/facts.ts';
import { CERTAIN, type Figures, ReportError, type ReportParser, type ReportReader } from './contract.ts';
import { csvRecord } from './csv.ts';
import { openEither } from './either.ts';
import { JmeterSamples } from './jmeter-samples.ts';
import { LineReader } from './line-reader.ts';
import { Doubts } from './value.ts';
import { type XmlAttributes, type XmlHandler, type XmlPlace, XmlReader } from './xml-reader.ts';

/** JMeter's results (JTL), as CSV with a header or as XML. In XML only outermost samples count, as in CSV. */
export const jmeter: ReportParser = {
  kind: 'jmeter',
  title: 'JMeter results (JTL), CSV or XML',
  infer: ({ xmlRoot, text }) => {
    if (xmlRoot === 'testResults') return CERTAIN;
    const header = text.slice(0, 1000).split('\n')[0]!;
    return /(?:^|,)elapsed,/.test(header) && /(?:^|,)label,/.test(header) ? CERTAIN : 0;
  },
  open: (sink) => openEither((_isList, isXml) => (isXml ? new XmlResults(sink) : new CsvResults(sink))),
};

const NEEDED = ['elapsed', 'label', 'success'] as const;
/** A field of more lines than a stack trace has is one whose end is missing. */
const FIELD_LINES_MAX = 500;
const RECORD_CHARACTERS_MAX = 200_000;

class CsvResults implements ReportReader {
  readonly #lines = new LineReader((line, number) => this.#line(line, number));
  readonly #sink: FactSink;
  readonly #doubts: Doubts;
  readonly #samples: JmeterSamples;
  #columns: readonly string[] | null = null;
  /** The beginning of a record whose quoted field has line ends in it. */
  #open = '';
  #openLine = 0;
  #endsWithNewline = true;

  constructor(sink: FactSink) {
    this.#sink = sink;
    this.#doubts = new Doubts(sink);
    this.#samples = new JmeterSamples(this.#doubts);
    sink.tool('JMeter', null);
  }

  write(chunk: Uint8Array): void {
    if (chunk.length > 0) this.#endsWithNewline = chunk.at(-1) === 0x0a;
    this.#lines.write(chunk);
  }

  end(): Figures {
    const lines = this.#lines.end();
    if (this.#open !== '') throw cutOff(this.#openLine);
    if (!this.#columns) throw notJmeter(1);
    if (!this.#endsWithNewline) {
      this.#doubts.add('incomplete', 'its last line has no end: it may be cut off', { line: lines });
    }
    const figures = this.#samples.end(this.#sink);
    this.#doubts.end();
    return { parse: 'ok', format: 'csv', ...figures };
  }

  #line(line: string, number: number): void {
    if (this.#open === '') {
      if (line.trim() === '') return;
      this.#openLine = number;
    }
    const text = this.#open === '' ? line : `${this.#open}\n${line}`;
    const fields = csvRecord(text);
    if (fields === null) {
      const lines = number - this.#openLine + 1;
      if (lines > FIELD_LINES_MAX || text.length > RECORD_CHARACTERS_MAX) throw cutOff(this.#openLine);
      this.#open = text;
      return;
    }
    this.#open = '';
    if (this.#columns) this.#sample(this.#columns, fields);
    else this.#header(fields);
  }

  #header(fields: readonly string[]): void {
    if (!NEEDED.every((name) => fields.includes(name))) throw notJmeter(this.#openLine);
    this.#columns = fields;
  }

  #sample(columns: readonly string[], fields: readonly string[]): void {
    if (fields.length !== columns.length) {
      throw new ReportError(
        'report-malformed',
        `a record has ${fields.length} fields and the header ${columns.length}`,
        { line: this.#openLine, column: 1 },
      );
    }
    const of = (name: string): string | undefined => fields[columns.indexOf(name)];
    this.#samples.add(
      {
        label: of('label') ?? '',
        elapsed: of('elapsed'),
        timeStamp: of('timeStamp'),
        success: of('success'),
      },
      this.#openLine,
    );
  }
}

class XmlResults implements ReportReader, XmlHandler {
  readonly roots = ['testResults'];
  readonly what = 'a JMeter report';
  readonly #xml = new XmlReader(this);
  readonly #sink: FactSink;
  readonly #doubts: Doubts;
  readonly #samples: JmeterSamples;
  #depth = 0;

  constructor(sink: FactSink) {
    this.#sink = sink;
    this.#doubts = new Doubts(sink);
    this.#samples = new JmeterSamples(this.#doubts);
    sink.tool('JMeter', null);
  }

  write(chunk: Uint8Array): void {
    this.#xml.write(chunk);
  }

  end(): Figures {
    this.#xml.end();
    const figures = this.#samples.end(this.#sink);
    this.#doubts.end();
    return { parse: 'ok', format: 'xml', ...figures };
  }

  open(name: string, { lb, t, ts, s }: XmlAttributes, { line }: XmlPlace): void {
    const isSample = this.#depth++ === 1 && (name === 'sample' || name === 'httpSample');
    if (isSample) this.#samples.add({ label: lb ?? '', elapsed: t, timeStamp: ts, success: s }, line);
  }

  close(): void {
    this.#depth--;
  }
}

function notJmeter(line: number): ReportError {
  return new ReportError(
    'report-not-this-kind',
    `it is not a JMeter report: its first line has no ${NEEDED.join(', ')}`,
    {
      line,
      column: 1,
      suggestion: 'let JMeter write the header: jmeter.save.saveservice.print_field_names=true',
    },
  );
}

function cutOff(line: number): ReportError {
  return new ReportError('report-malformed', 'a quoted field has no end; the file is cut off', {
    line,
    column: 1,
  });
}
