import type { FactSink } from '../facts/facts.ts';
import {
  type Figures,
  LIKELY,
  POSSIBLE,
  ReportError,
  type ReportParser,
  type ReportReader,
} from './contract.ts';
import { type JsonHandler, type JsonPath, JsonReader, pointerOf } from './json-reader.ts';
import { Doubts, isRecord, text } from './value.ts';

/**
 * Plain numbers with names, for anything that has no format of its own: `{"startup_ms": 120}`, or with a unit
 * `{"startup": {"value": 120, "unit": "ms"}}`, and either of them also inside of `{"metrics": ...}`.
 */
export const metrics: ReportParser = {
  kind: 'metrics',
  title: 'plain JSON of names and numbers',
  infer: ({ json, name, text }) => {
    if (json !== 'object') return 0;
    const isPlain = /^\s*\{\s*(?:"metrics"\s*:\s*\{\s*)?"[^"]*"\s*:\s*(?:-?\d|\{\s*"value"\s*:)/.test(text);
    if (!isPlain) return 0;
    return /metrics/.test(name) ? LIKELY : POSSIBLE;
  },
  open: (sink) => new MetricsReader(sink),
};

class MetricsReader implements ReportReader, JsonHandler {
  readonly split: JsonPath[] = [['metrics']];
  readonly #json = new JsonReader(this);
  readonly #sink: FactSink;
  readonly #doubts: Doubts;
  readonly #values = new Map<string, number>();

  constructor(sink: FactSink) {
    this.#sink = sink;
    this.#doubts = new Doubts(sink);
  }

  write(chunk: Uint8Array): void {
    this.#json.write(chunk);
  }

  end(): Figures {
    this.#json.end();
    if (this.#values.size === 0) this.#doubts.add('empty', 'the report has no number');
    this.#doubts.end();
    return { parse: 'ok', metrics: this.#values.size, values: Object.fromEntries(this.#values) };
  }

  enter(path: JsonPath, kind: 'object' | 'array'): void {
    if (kind === 'array') throw notMetrics('it is a list', pointerOf(path));
  }

  value(path: JsonPath, value: unknown): void {
    const name = path.at(-1);
    if (name === undefined) throw notMetrics('it is no object');
    const [number, unit] = isRecord(value) ? [value.value, text(value.unit) ?? ''] : [value, ''];
    if (typeof number !== 'number' || !Number.isFinite(number)) {
      throw new ReportError(
        'report-value',
        `${name} is ${JSON.stringify(number)?.slice(0, 60)} and no number`,
        {
          pointer: pointerOf(path),
          suggestion: 'write a number, or {"value": NUMBER, "unit": UNIT}',
        },
      );
    }
    this.#values.set(String(name), number);
    this.#sink.metric({ name: String(name), value: number, unit });
  }
}

function notMetrics(cause: string, pointer = ''): ReportError {
  return new ReportError('report-not-this-kind', `it is no list of metrics: ${cause}`, { pointer });
}
