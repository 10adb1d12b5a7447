import type { FactSink } from '../facts/facts.ts';
import { CERTAIN, type Figures, ReportError, type ReportParser, type ReportReader } from './contract.ts';
import { type JsonHandler, type JsonPath, JsonReader, pointerOf } from './json-reader.ts';
import { type LoadSums, loadFigures, tellLoad } from './load-count.ts';
import { Doubts, isRecord, type JsonRecord, record, text } from './value.ts';

/** Gatling's `js/stats.json` (all requests and each by name) and `js/global_stats.json` (all requests). */
export const gatling: ReportParser = {
  kind: 'gatling',
  title: 'Gatling stats.json or global_stats.json',
  infer: ({ json, jsonKeys, text }) => {
    if (json !== 'object') return 0;
    if (jsonKeys.has('numberOfRequests')) return CERTAIN;
    return jsonKeys.has('stats') && /"numberOfRequests"\s*:/.test(text) ? CERTAIN : 0;
  },
  open: (sink) => new GatlingReader(sink),
};

const DEPTH_MAX = 50;

class GatlingReader implements ReportReader, JsonHandler {
  readonly split: JsonPath[] = [['contents']];
  readonly #json = new JsonReader(this);
  readonly #sink: FactSink;
  readonly #doubts: Doubts;
  /** The keys of `global_stats.json`, whose sums stand at the top. */
  readonly #top: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
  #sums: LoadSums | null = null;
  #names = 0;

  constructor(sink: FactSink) {
    this.#sink = sink;
    this.#doubts = new Doubts(sink);
    sink.tool('Gatling', null);
  }

  write(chunk: Uint8Array): void {
    this.#json.write(chunk);
  }

  end(): Figures {
    this.#json.end();
    if (isRecord(this.#top.numberOfRequests)) this.#sums ??= this.#read(this.#top, '');
    if (!this.#sums) throw notGatling('it has no numberOfRequests');
    tellLoad(this.#sink, null, this.#sums);
    const figures = loadFigures(this.#sums, this.#doubts);
    this.#doubts.end();
    return { parse: 'ok', names: this.#names, ...figures };
  }

  enter(path: JsonPath, kind: 'object' | 'array'): void {
    if (kind === 'array') throw notGatling(`${path[0] ?? 'it'} is a list`, pointerOf(path));
  }

  value(path: JsonPath, value: unknown): void {
    if (path.length === 0) throw notGatling('it is no object');
    if (path.length === 2) this.#request(value, path, 0);
    else if (path[0] === 'stats') this.#sums = this.#read(record(value), '/stats');
    else if (path[0] !== 'contents') this.#top[String(path[0])] = value;
  }

  /** A request, or a group that has requests in it. */
  #request(value: unknown, path: JsonPath, depth: number): void {
    if (!isRecord(value)) throw notGatling('a request is no object', pointerOf(path));
    if (depth > DEPTH_MAX) throw notGatling('groups are nested without end', pointerOf(path));
    if (value.type === 'GROUP') {
      for (const [key, one] of Object.entries(record(value.contents)))
        this.#request(one, [...path, key], depth + 1);
      return;
    }
    this.#names++;
    const sums = this.#read(record(value.stats), `${pointerOf(path)}/stats`);
    tellLoad(this.#sink, text(value.path) ?? text(value.name) ?? String(path.at(-1)), sums);
  }

  #read(stats: JsonRecord, pointer: string): LoadSums {
    const of = (key: string, part = 'total'): number | null =>
      this.#number(record(stats[key])[part], `${pointer}/${key}`);
    if (!isRecord(stats.numberOfRequests)) throw notGatling('a request has no numberOfRequests', pointer);
    return {
      requests: of('numberOfRequests') ?? 0,
      failed: of('numberOfRequests', 'ko') ?? 0,
      mean: of('meanResponseTime'),
      // By its default configuration: 50, 75, 95, 99.
      p95: of('percentiles3'),
      p99: of('percentiles4'),
      max: of('maxResponseTime'),
      perSecond: of('meanNumberOfRequestsPerSecond'),
    };
  }

  /** Old versions write numbers as text, with commas; `-` for none. */
  #number(value: unknown, pointer: string): number | null {
    if (value === undefined || value === null || value === '-') return null;
    const plain = typeof value === 'string' ? value.replaceAll(',', '').trim() : value;
    if (plain === '-') return null;
    const number =
      typeof plain === 'number' || (typeof plain === 'string' && plain !== '') ? Number(plain) : Number.NaN;
    if (Number.isFinite(number) && number >= 0) return number;
    this.#doubts.add('impossible-number', `${JSON.stringify(value)?.slice(0, 40)} is no time or count`, {
      pointer,
    });
    return null;
  }
}

function notGatling(cause: string, pointer = ''): ReportError {
  return new ReportError('report-not-this-kind', `it is not a report of Gatling: ${cause}`, { pointer });
}
