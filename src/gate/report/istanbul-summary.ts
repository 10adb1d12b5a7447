import type { FactSink } from '../facts/facts.ts';
import { CERTAIN, type Figures, ReportError, type ReportParser, type ReportReader } from './contract.ts';
import { type JsonHandler, type JsonPath, JsonReader, pointerOf } from './json-reader.ts';
import { Doubts, isRecord, type JsonRecord } from './value.ts';

/** Istanbul's `json-summary` (coverage-summary.json): totals only, so it becomes metrics and knows no lines. */
export const istanbulSummary: ReportParser = {
  kind: 'istanbul-summary',
  title: 'Istanbul coverage-summary.json',
  infer: ({ json, jsonKeys, text }) =>
    json === 'object' && jsonKeys.has('total') && /"lines"\s*:\s*\{\s*"total"/.test(text) ? CERTAIN : 0,
  open: (sink) => new SummaryReader(sink),
};

const MEASURES = ['lines', 'statements', 'functions', 'branches'] as const;

class SummaryReader implements ReportReader, JsonHandler {
  readonly split: JsonPath[] = [];
  readonly #json = new JsonReader(this);
  readonly #sink: FactSink;
  readonly #doubts: Doubts;
  readonly #figures: Record<string, number | null> = {};
  #hasTotal = false;
  #files = 0;

  constructor(sink: FactSink) {
    this.#sink = sink;
    this.#doubts = new Doubts(sink);
  }

  write(chunk: Uint8Array): void {
    this.#json.write(chunk);
  }

  end(): Figures {
    this.#json.end();
    if (!this.#hasTotal) throw notSummary('it has no total', '/total');
    if (this.#figures.lines_total === 0) {
      this.#doubts.add('empty', 'the report has no line that could be run', { pointer: '/total/lines' });
    }
    this.#doubts.end();
    return { parse: 'ok', files: this.#files, ...this.#figures };
  }

  enter(_path: JsonPath, kind: 'object' | 'array'): void {
    if (kind === 'array') throw notSummary('it is a list');
  }

  value(path: JsonPath, value: unknown): void {
    if (!isRecord(value)) throw notSummary('an entry is no object', pointerOf(path));
    if (path[0] !== 'total') {
      this.#files++;
      for (const measure of MEASURES) this.#check(value, measure, path);
      return;
    }
    this.#hasTotal = true;
    for (const measure of MEASURES) this.#total(value, measure, path);
  }

  #total(entry: JsonRecord, measure: string, path: JsonPath): void {
    const counts = this.#check(entry, measure, path);
    if (!counts) return;
    const [total, covered] = counts;
    const percent = total === 0 ? null : Number(((100 * covered) / total).toFixed(2));
    Object.assign(this.#figures, {
      [`${measure}_total`]: total,
      [`${measure}_covered`]: covered,
      [`${measure}_pct`]: percent,
    });
    this.#sink.metric({ name: `coverage.${measure}.total`, value: total, unit: '' });
    this.#sink.metric({ name: `coverage.${measure}.covered`, value: covered, unit: '' });
    if (percent !== null) this.#sink.metric({ name: `coverage.${measure}.pct`, value: percent, unit: '%' });
  }

  /** Total and covered; null when this measure is not there. */
  #check(entry: JsonRecord, measure: string, path: JsonPath): readonly [number, number] | null {
    const counts = entry[measure];
    if (counts === undefined) return null;
    const pointer = `${pointerOf(path)}/${measure}`;
    if (!isRecord(counts)) throw notSummary('an entry is no object', pointer);
    const { total, covered, pct } = counts;
    for (const [name, count] of [
      ['total', total],
      ['covered', covered],
    ] as const) {
      if (typeof count !== 'number' || !Number.isInteger(count) || count < 0) {
        throw new ReportError('report-value', `${JSON.stringify(count) ?? 'nothing'} is no count`, {
          pointer: `${pointer}/${name}`,
        });
      }
    }
    const isPercent =
      pct === 'Unknown' || pct === undefined || (typeof pct === 'number' && pct >= 0 && pct <= 100);
    if ((covered as number) > (total as number) || !isPercent) {
      this.#doubts.add('impossible-number', `${covered} of ${total} or ${JSON.stringify(pct)} % cannot be`, {
        pointer,
      });
    }
    return [total as number, covered as number];
  }
}

function notSummary(cause: string, pointer = ''): ReportError {
  return new ReportError('report-not-this-kind', `it is no coverage summary of Istanbul: ${cause}`, {
    pointer,
  });
}
