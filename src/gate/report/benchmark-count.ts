import type { Benchmark } from '../facts/benchmark.ts';
import type { FactSink } from '../facts/facts.ts';
import type { Figures } from './contract.ts';
import { type Doubts, finite, list } from './value.ts';

/** What a report tells of a benchmark; any value may be anything. */
export interface GivenBenchmark {
  readonly name: string;
  readonly unit: string;
  readonly better?: Benchmark['better'];
  /** Anything but a list of numbers is no samples. */
  readonly samples?: unknown;
  /** Without it the mean is that of the samples. */
  readonly mean?: unknown;
  readonly standardDeviation?: unknown;
  readonly sampleCount?: unknown;
}

/** Checks benchmarks, tells them to the sink and counts them for the figures. */
export class BenchmarkCount {
  readonly #sink: FactSink;
  readonly #doubts: Doubts;
  readonly #means = new Map<string, number>();
  #benchmarks = 0;
  #samples = 0;

  constructor(sink: FactSink, doubts: Doubts) {
    this.#sink = sink;
    this.#doubts = doubts;
  }

  /** `at` tells the place for a doubt. What has no believable mean is a doubt and no benchmark. */
  add(given: GivenBenchmark, at: { readonly line?: number; readonly pointer?: string }): void {
    const samples = this.#samplesOf(given, at);
    const mean = given.mean === undefined && samples ? average(samples) : finite(given.mean);
    if (mean === null || mean < 0) {
      const said = JSON.stringify(given.mean)?.slice(0, 40) ?? 'missing';
      this.#doubts.add('impossible-number', `the mean of ${given.name.slice(0, 80)} is ${said}`, at);
      return;
    }
    const deviation = finite(given.standardDeviation);
    this.#benchmarks++;
    this.#samples += samples?.length ?? 0;
    this.#means.set(given.name, mean);
    this.#sink.benchmark({
      name: given.name,
      unit: given.unit,
      better: given.better ?? 'lower',
      samples,
      mean,
      standardDeviation: deviation !== null && deviation >= 0 ? deviation : deviationOf(samples),
      sampleCount: samples?.length ?? finite(given.sampleCount),
    });
  }

  figures(): Figures {
    if (this.#benchmarks === 0) this.#doubts.add('empty', 'the report has no benchmark');
    return {
      benchmarks: this.#benchmarks,
      samples: this.#samples,
      means: Object.fromEntries(this.#means),
    };
  }

  #samplesOf(
    given: GivenBenchmark,
    at: { readonly line?: number; readonly pointer?: string },
  ): number[] | null {
    const said = list(given.samples);
    if (said.length === 0) return null;
    const samples = said.filter((one): one is number => (finite(one) ?? -1) >= 0);
    if (samples.length === said.length) return samples;
    this.#doubts.add('impossible-number', `a sample of ${given.name.slice(0, 80)} is no time or count`, at);
    return null;
  }
}

function average(samples: readonly number[]): number | null {
  let sum = 0;
  for (const sample of samples) sum += sample / samples.length;
  return finite(sum);
}

/** Of the samples (n - 1); null when there are less than two. */
function deviationOf(samples: readonly number[] | null): number | null {
  const mean = samples && average(samples);
  if (!samples || mean === null || samples.length < 2) return null;
  let sum = 0;
  for (const sample of samples) sum += (sample - mean) ** 2;
  return finite(Math.sqrt(sum / (samples!.length - 1)));
}
