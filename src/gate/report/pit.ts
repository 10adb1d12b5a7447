import type { FactSink } from '../facts/facts.ts';
import { CERTAIN, type Figures, ReportError, type ReportParser, type ReportReader } from './contract.ts';
import { type MutationWords, mutationScore } from './mutation-score.ts';
import { Doubts, tallies, tally, wholeNumber } from './value.ts';
import { type XmlAttributes, type XmlHandler, type XmlPlace, XmlReader } from './xml-reader.ts';

/** PIT's `mutations.xml`. Its status words become those of mutation-testing-elements, so that one gate reads both. */
export const pit: ReportParser = {
  kind: 'pit',
  title: 'PIT mutations.xml',
  infer: ({ xmlRoot }) => (xmlRoot === 'mutations' ? CERTAIN : 0),
  open: (sink) => new PitReader(sink),
};

/** PIT counts what ended for lack of time, memory or by an error as detected. */
const STATUS: Readonly<Record<string, string>> = {
  KILLED: 'Killed',
  SURVIVED: 'Survived',
  NO_COVERAGE: 'NoCoverage',
  TIMED_OUT: 'Timeout',
  MEMORY_ERROR: 'Killed',
  RUN_ERROR: 'Killed',
  NON_VIABLE: 'CompileError',
  STARTED: 'Pending',
  NOT_STARTED: 'Pending',
};
const WORDS: MutationWords = {
  detected: ['KILLED', 'TIMED_OUT', 'MEMORY_ERROR', 'RUN_ERROR'],
  survived: 'SURVIVED',
  uncovered: 'NO_COVERAGE',
};
const TEXTS = new Set(['sourceFile', 'mutatedClass', 'lineNumber', 'mutator']);
const TEXT_CHARACTERS_MAX = 2000;

class PitReader implements ReportReader, XmlHandler {
  readonly roots = ['mutations'];
  readonly what = 'a PIT report';
  readonly #xml = new XmlReader(this);
  readonly #sink: FactSink;
  readonly #doubts: Doubts;
  readonly #status = tallies();
  #mutants = 0;
  #isPartial = false;
  #current: { readonly status: string; readonly texts: Record<string, string> } | null = null;
  #element: string | null = null;

  constructor(sink: FactSink) {
    this.#sink = sink;
    this.#doubts = new Doubts(sink);
    sink.tool('PIT', null);
  }

  write(chunk: Uint8Array): void {
    this.#xml.write(chunk);
  }

  end(): Figures {
    this.#xml.end();
    const { figures, ofCovered } = mutationScore(this.#status, WORDS, this.#sink, this.#doubts);
    return {
      parse: 'ok',
      mutants: this.#mutants,
      partial: this.#isPartial,
      ...figures,
      test_strength: ofCovered,
    };
  }

  open(name: string, attributes: XmlAttributes, place: XmlPlace): void {
    if (name === 'mutations') this.#isPartial = attributes.partial === 'true';
    else if (name === 'mutation') this.#begin(attributes, place);
    else if (this.#current && TEXTS.has(name)) {
      this.#element = name;
      this.#current.texts[name] = '';
      place.wantText(true);
    }
  }

  text(text: string): void {
    if (!this.#current || this.#element === null) return;
    const known = this.#current.texts[this.#element] ?? '';
    this.#current.texts[this.#element] = (known + text).slice(0, TEXT_CHARACTERS_MAX);
  }

  close(name: string): void {
    if (name === this.#element) {
      this.#element = null;
      this.#xml.wantText(false);
    } else if (name === 'mutation' && this.#current) this.#tell();
  }

  #begin(attributes: XmlAttributes, { line, column }: XmlPlace): void {
    const { status } = attributes;
    if (!status) {
      throw new ReportError('report-not-this-kind', 'a mutation has no status, so it is not a PIT report', {
        line,
        column: Math.max(1, column),
      });
    }
    if (!Object.hasOwn(STATUS, status)) {
      this.#doubts.add('unknown-word', `no mutant of PIT can be "${status.slice(0, 40)}"`, { line });
    }
    this.#mutants++;
    tally(this.#status, status);
    this.#current = { status, texts: {} };
  }

  #tell(): void {
    const { status, texts } = this.#current!;
    this.#current = null;
    // The source file is named without its package, which the class has.
    const folder = (texts.mutatedClass ?? '').split('.').slice(0, -1).join('/');
    const file = texts.sourceFile ?? '';
    this.#sink.mutant({
      path: folder === '' ? file : `${folder}/${file}`,
      line: wholeNumber(texts.lineNumber),
      mutator: (texts.mutator ?? '').replace(/^.*\./, ''),
      status: Object.hasOwn(STATUS, status) ? STATUS[status]! : status,
    });
  }
}
