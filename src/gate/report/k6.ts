import type { FactSink } from '../facts/facts.ts';
import { CERTAIN, type Figures, ReportError, type ReportParser, type ReportReader } from './contract.ts';
import { type JsonHandler, type JsonPath, JsonReader, pointerOf } from './json-reader.ts';
import { Doubts, finite, isRecord, type JsonRecord, record, text } from './value.ts';

/** k6's end-of-test summary: `--summary-export`, and the data that `handleSummary` gets. */
export const k6: ReportParser = {
  kind: 'k6',
  title: 'k6 summary',
  infer: ({ json, jsonKeys, text }) =>
    json === 'object' &&
    jsonKeys.has('metrics') &&
    (jsonKeys.has('root_group') ||
      /"(?:iterations|vus_max|iteration_duration|http_req_duration)"\s*:/.test(text))
      ? CERTAIN
      : 0,
  open: (sink) => new K6Reader(sink),
};

class K6Reader implements ReportReader, JsonHandler {
  readonly split: JsonPath[] = [['metrics']];
  readonly skip: JsonPath[] = [['root_group'], ['options'], ['state'], ['setup_data']];
  readonly #json = new JsonReader(this);
  readonly #sink: FactSink;
  readonly #doubts: Doubts;
  #hasMetrics = false;
  #metrics = 0;
  #thresholds = 0;
  #thresholdsFailed = 0;
  readonly #values = new Map<string, number>();

  constructor(sink: FactSink) {
    this.#sink = sink;
    this.#doubts = new Doubts(sink);
    sink.tool('k6', null);
  }

  write(chunk: Uint8Array): void {
    this.#json.write(chunk);
  }

  end(): Figures {
    this.#json.end();
    if (!this.#hasMetrics) throw notK6('it has no metrics');
    const requests = this.#values.get('http_reqs.count') ?? null;
    if (this.#metrics === 0 || (this.#values.get('iterations.count') ?? 1) === 0) {
      this.#doubts.add('empty', 'nothing was run', { pointer: '/metrics' });
    }
    this.#doubts.end();
    return {
      parse: 'ok',
      metrics: this.#metrics,
      checks_passed: this.#values.get('checks.passes') ?? 0,
      checks_failed: this.#values.get('checks.fails') ?? 0,
      thresholds: this.#thresholds,
      thresholds_failed: this.#thresholdsFailed,
      http_reqs: requests,
      http_req_failed_rate: this.#values.get('http_req_failed.rate') ?? null,
      http_req_duration_p95_ms: this.#values.get('http_req_duration.p(95)') ?? null,
      http_req_duration_p99_ms: this.#values.get('http_req_duration.p(99)') ?? null,
    };
  }

  enter(path: JsonPath, kind: 'object' | 'array'): void {
    if (kind === 'array') throw notK6(`${path[0] ?? 'it'} is a list`, pointerOf(path));
    if (path.length === 1) this.#hasMetrics = true;
  }

  value(path: JsonPath, value: unknown): void {
    if (path.length === 2) this.#metric(String(path[1]), value, path);
    else if (path.length === 0 || path[0] === 'metrics')
      throw notK6('its metrics are no object', pointerOf(path));
  }

  #metric(name: string, value: unknown, path: JsonPath): void {
    if (!isRecord(value)) throw notK6('a metric is no object', pointerOf(path));
    this.#metrics++;
    const hasType = isRecord(value.values);
    const values = hasType ? record(value.values) : value;
    const unit = hasType ? unitOf(text(value.contains)) : plainUnit(name);
    for (const [statistic, number] of Object.entries(values)) {
      if (statistic === 'thresholds') continue;
      this.#statistic(name, hasType ? statistic : plainName(name, statistic), number, unit, path);
    }
    this.#addThresholds(record(value.thresholds));
  }

  #statistic(name: string, statistic: string, value: unknown, unit: string, path: JsonPath): void {
    const number = finite(value);
    if (number === null || number < 0) {
      this.#doubts.add('impossible-number', `${name} ${statistic} is ${JSON.stringify(value)}`, {
        pointer: pointerOf(path),
      });
    }
    if (number === null) return;
    this.#values.set(`${name}.${statistic}`, number);
    const isTime = !['count', 'rate', 'passes', 'fails'].includes(statistic);
    this.#sink.metric({ name: `${name}.${statistic}`, value: number, unit: isTime ? unit : '' });
  }

  /** `--summary-export` writes whether a threshold was crossed, `handleSummary` whether it held. */
  #addThresholds(thresholds: JsonRecord): void {
    for (const threshold of Object.values(thresholds)) {
      this.#thresholds++;
      const isCrossed = typeof threshold === 'boolean' ? threshold : record(threshold).ok !== true;
      if (isCrossed) this.#thresholdsFailed++;
    }
  }
}

/** `--summary-export` calls the rate of a rate metric its value. */
function plainName(metric: string, statistic: string): string {
  return statistic === 'value' && /^(?:checks|http_req_failed)\b/.test(metric) ? 'rate' : statistic;
}

function unitOf(contains: string | null): string {
  if (contains === 'time') return 'ms';
  return contains === 'data' ? 'B' : '';
}

function plainUnit(name: string): string {
  if (/_duration\b|^http_req_(?:blocked|connecting|receiving|sending|waiting|tls_handshaking)/.test(name))
    return 'ms';
  return name.startsWith('data_') ? 'B' : '';
}

function notK6(cause: string, pointer = ''): ReportError {
  return new ReportError('report-not-this-kind', `it is no summary of k6: ${cause}`, { pointer });
}
