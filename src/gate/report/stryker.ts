import type { JsonObject } from '../../base/json.ts';
import type { FactSink } from '../facts/facts.ts';
import {
  CERTAIN,
  type Figures,
  LIKELY,
  ReportError,
  type ReportParser,
  type ReportReader,
} from './contract.ts';
import { type JsonHandler, type JsonPath, JsonReader, pointerOf } from './json-reader.ts';
import { type MutationWords, mutationScore } from './mutation-score.ts';
import { Doubts, finite, isRecord, pathText, record, tallies, tally, text } from './value.ts';

const WORDS: MutationWords = {
  detected: ['Killed', 'Timeout'],
  survived: 'Survived',
  uncovered: 'NoCoverage',
};

/** mutation-testing-elements, as Stryker, Infection and others write it. */
export const stryker: ReportParser = {
  kind: 'stryker',
  title: 'Stryker mutation report (mutation-testing-elements)',
  infer: ({ json, jsonKeys, text }) => {
    if (json !== 'object' || !jsonKeys.has('files')) return 0;
    return jsonKeys.has('schemaVersion') && /"mutants"/.test(text)
      ? CERTAIN
      : jsonKeys.has('thresholds')
        ? LIKELY
        : 0;
  },
  open: (sink) => new StrykerReader(sink),
};

const KNOWN = new Set(
  'Killed Timeout Survived NoCoverage Ignored CompileError RuntimeError Pending BuildError Skipped'.split(
    ' ',
  ),
);

class StrykerReader implements ReportReader, JsonHandler {
  readonly split: JsonPath[] = [['files', '*', 'mutants']];
  readonly skip: JsonPath[] = [['files', '*', 'source'], ['testFiles']];
  readonly #json = new JsonReader(this);
  readonly #sink: FactSink;
  readonly #doubts: Doubts;
  #schemaVersion: string | number | null = null;
  #thresholds: JsonObject | null = null;
  #hasFiles = false;
  #files = 0;
  #mutants = 0;
  readonly #status = tallies();

  constructor(sink: FactSink) {
    this.#sink = sink;
    this.#doubts = new Doubts(sink);
  }

  write(chunk: Uint8Array): void {
    this.#json.write(chunk);
  }

  end(): Figures {
    this.#json.end();
    if (!this.#hasFiles) throw notStryker('it has no files');
    const { figures, ofCovered } = mutationScore(this.#status, WORDS, this.#sink, this.#doubts);
    return {
      parse: 'ok',
      schemaVersion: this.#schemaVersion,
      files: this.#files,
      mutants: this.#mutants,
      ...figures,
      score_based_on_covered: ofCovered,
      ...(this.#thresholds && { thresholds: this.#thresholds }),
    };
  }

  enter(path: JsonPath, kind: 'object' | 'array'): void {
    const isList = path.length === 3;
    if (isList !== (kind === 'array'))
      throw notStryker(`${path.at(-1) ?? 'it'} is no ${isList ? 'list' : 'object'}`, pointerOf(path));
    if (path.length === 1) this.#hasFiles = true;
    if (path.length === 2) this.#files++;
  }

  value(path: JsonPath, value: unknown): void {
    const [key] = path;
    if (path.length === 4) this.#mutant(path, value);
    else if (path.length === 1 && key === 'schemaVersion') {
      this.#schemaVersion = typeof value === 'string' || typeof value === 'number' ? value : null;
    } else if (path.length === 1 && key === 'thresholds') {
      this.#thresholds = isRecord(value) ? (value as JsonObject) : null;
    } else if (path.length === 1 && key === 'framework') {
      this.#sink.tool(text(record(value).name) ?? '', text(record(value).version));
    } else if (path.length === 0 || (key === 'files' && (path.length < 3 || path[2] === 'mutants'))) {
      throw notStryker(`${path.at(-1) ?? 'it'} is not what it should be`, pointerOf(path));
    }
  }

  #mutant(path: JsonPath, value: unknown): void {
    const mutant = record(value);
    const status = text(mutant.status);
    if (status === null) throw notStryker('a mutant has no status', pointerOf(path));
    if (!KNOWN.has(status)) {
      this.#doubts.add('unknown-word', `no mutant can be "${status.slice(0, 40)}"`, {
        pointer: pointerOf(path),
      });
    }
    this.#mutants++;
    tally(this.#status, status);
    this.#sink.mutant({
      path: pathText(String(path[1])),
      line: finite(record(record(mutant.location).start).line),
      mutator: text(mutant.mutatorName) ?? '',
      status,
    });
  }
}

function notStryker(cause: string, pointer = ''): ReportError {
  return new ReportError('report-not-this-kind', `it is no mutation report: ${cause}`, { pointer });
}
