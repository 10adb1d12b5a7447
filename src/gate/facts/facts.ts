import type { Digest } from '../../base/digest.ts';
import type { Benchmark, Metric } from './benchmark.ts';
import type { Component } from './component.ts';
import type { Coverage } from './coverage.ts';
import type { Finding } from './finding.ts';
import type { Mutant } from './mutant.ts';
import type { TestCase } from './test-case.ts';

/**
 * Where a parser puts what it reads, as it reads it. Who gets it decides what is kept, so that reading needs no memory for a
 * whole report.
 */
export interface FactSink {
  testCase(testCase: TestCase): void;
  finding(finding: Finding): void;
  benchmark(benchmark: Benchmark): void;
  metric(metric: Metric): void;
  component(component: Component): void;
  mutant(mutant: Mutant): void;
  /** At most once, at the end. */
  coverage(coverage: Coverage): void;
  /** The tool that wrote the report, when it says so. May come several times (SARIF runs). */
  tool(name: string, version: string | null): void;
  doubt(doubt: Doubt): void;
}

/**
 * Something that was read and yet cannot be believed: no lines, no tests, 140 %, a negative count, totals that disagree.
 * A gate that needs the fact is inconclusive because of it.
 */
export interface Doubt {
  readonly code: DoubtCode;
  /** One sentence without a full stop. */
  readonly message: string;
  /** In the report; null when it is about all of it. */
  readonly line: number | null;
  /** JSON pointer in the report; null where there is none. */
  readonly pointer: string | null;
}

export type DoubtCode =
  /** Nothing was measured: no test, no coverable line, no component, no mutant. */
  | 'empty'
  /** A number that cannot be: negative, not finite, over 100 %, a fraction where a count belongs. */
  | 'impossible-number'
  /** What the report declares and what it holds differ. */
  | 'totals-differ'
  /** A word that the format does not have. */
  | 'unknown-word'
  /** The same thing with different results. */
  | 'contradiction'
  /** A path outside of the repository, or one that cannot be a source file. */
  | 'path-outside'
  /** The report ends before its tool was done, or says that its tool failed. */
  | 'incomplete';

/** All facts of one report, with where they are from. */
export interface Facts {
  readonly kind: string;
  /** As the user would name it. */
  readonly file: string;
  /** Of the bytes of the report. */
  readonly digest: Digest;
  readonly bytes: number;
  readonly tools: readonly { readonly name: string; readonly version: string | null }[];
  readonly tests: readonly TestCase[];
  readonly findings: readonly Finding[];
  readonly benchmarks: readonly Benchmark[];
  readonly metrics: readonly Metric[];
  readonly components: readonly Component[];
  readonly mutants: readonly Mutant[];
  /** null when the report is not about coverage. */
  readonly coverage: Coverage | null;
  readonly doubts: readonly Doubt[];
}
