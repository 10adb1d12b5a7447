import type { FactSink } from '../facts/facts.ts';
import { BenchmarkCount } from './benchmark-count.ts';
import { CERTAIN, type Figures, ReportError, type ReportParser, type ReportReader } from './contract.ts';
import { LineReader } from './line-reader.ts';
import { Doubts } from './value.ts';
import { emptyReport } from './xml-reader.ts';

/** The text of `go test -bench`. Lines of the same name (`-count`) are samples of one benchmark. */
export const goBench: ReportParser = {
  kind: 'go-bench',
  title: 'go test -bench output',
  infer: ({ json, xmlRoot, text }) => {
    if (json !== null || xmlRoot !== null) return 0;
    return /^Benchmark\S*\s+\d+\s+[\d.]+ \S+/m.test(text) ? CERTAIN : 0;
  },
  open: (sink) => new GoBenchReader(sink),
};

const TIME = 'ns/op';
const BENCHMARKS_MAX = 100_000;
const LINE = /^(Benchmark\S*)\s+(\d+)\s+(.*)$/;
const MEASURE = /^(\S+)\s+(\S+)(?:\s+|$)/;

interface Measured {
  readonly name: string;
  readonly unit: string;
  readonly line: number;
  readonly samples: number[];
}

class GoBenchReader implements ReportReader {
  readonly #lines = new LineReader((line, number) => this.#line(line, number));
  readonly #sink: FactSink;
  readonly #doubts: Doubts;
  readonly #measured = new Map<string, Measured>();
  #package = '';
  #packages = 0;
  #metrics = 0;
  #failed = 0;
  /** Benchmarks were measured and their package has not told its result yet. */
  #isOpen = false;
  #isKnown = false;
  #hasText = false;

  constructor(sink: FactSink) {
    this.#sink = sink;
    this.#doubts = new Doubts(sink);
    sink.tool('go test', null);
  }

  write(chunk: Uint8Array): void {
    this.#lines.write(chunk);
  }

  end(): Figures {
    const lines = this.#lines.end();
    if (!this.#hasText) throw emptyReport();
    if (!this.#isKnown) {
      throw new ReportError('report-not-this-kind', 'it is no output of go test -bench', {
        line: 1,
        column: 1,
      });
    }
    if (this.#isOpen) {
      this.#doubts.add('incomplete', 'it ends before go test was done: no line says PASS or ok', {
        line: lines,
      });
    }
    const count = new BenchmarkCount(this.#sink, this.#doubts);
    for (const { name, unit, line, samples } of this.#measured.values()) {
      if (unit === TIME) count.add({ name, unit, samples }, { line });
      else this.#metric(name, unit, samples);
    }
    const figures = count.figures();
    this.#doubts.end();
    return {
      parse: 'ok',
      packages: this.#packages,
      failed: this.#failed,
      metrics: this.#metrics,
      ...figures,
    };
  }

  #line(line: string, number: number): void {
    if (line.trim() !== '') this.#hasText = true;
    const header = /^(goos|goarch|pkg|cpu): (.*)$/.exec(line);
    if (header) {
      this.#isKnown = true;
      this.#isOpen = true;
      if (header[1] === 'pkg') this.#package = header[2]!;
    } else if (/^(?:ok|FAIL)\s+\S+\s+[\d.]+s\s*$/.test(line)) this.#endPackage();
    else if (/^--- FAIL:|^FAIL\b|^panic:/.test(line)) {
      this.#failed++;
      this.#isOpen = line.startsWith('panic:');
      this.#doubts.add('incomplete', 'go test failed', { line: number });
    } else {
      const [, name, , measures] = LINE.exec(line) ?? [];
      if (name !== undefined) this.#benchmark(name, measures!, number);
    }
  }

  #endPackage(): void {
    this.#isKnown = true;
    this.#isOpen = false;
    this.#packages++;
    this.#package = '';
  }

  /** What is no time is often 0 and always the same, which no comparison of samples can use: its mean is a number. */
  #metric(name: string, unit: string, samples: readonly number[]): void {
    const value = samples.reduce((sum, sample) => sum + sample / samples.length, 0);
    if (!Number.isFinite(value)) return;
    this.#metrics++;
    this.#sink.metric({ name, value, unit });
  }

  /** `1234 ns/op  64 B/op  1 allocs/op`: the time is the benchmark, the others are numbers with their unit in the name. */
  #benchmark(name: string, measures: string, line: number): void {
    this.#isKnown = true;
    this.#isOpen = true;
    // `-8` is the number of processors and not part of the name.
    const plain = name.replace(/-\d+$/, '');
    const full = this.#package === '' ? plain : `${this.#package}.${plain}`;
    let rest = measures;
    for (let found = MEASURE.exec(rest); found; found = MEASURE.exec(rest)) {
      const [all, value, unit] = found as unknown as [string, string, string];
      this.#sample(unit === TIME ? full : `${full} ${unit}`, unit, Number(value), line);
      rest = rest.slice(all.length);
    }
    if (rest !== '') {
      throw new ReportError('report-malformed', `"${rest.slice(0, 40)}" is a number without its unit`, {
        line,
        column: 1,
      });
    }
  }

  #sample(name: string, unit: string, value: number, line: number): void {
    let known = this.#measured.get(name);
    if (!known) {
      if (this.#measured.size >= BENCHMARKS_MAX) {
        throw new ReportError('report-refused', `more than ${BENCHMARKS_MAX} benchmarks`, {
          line,
          column: 1,
        });
      }
      known = { name, unit, line, samples: [] };
      this.#measured.set(name, known);
    }
    known.samples.push(value);
  }
}
