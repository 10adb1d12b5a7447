import type { ReadReport } from '../report/read-report.ts';
import { BelowRoot } from './below-root.ts';
import type { Benchmark, Metric } from './benchmark.ts';
import type { Component } from './component.ts';
import type { Coverage } from './coverage.ts';
import type { Doubt, FactSink, Facts } from './facts.ts';
import type { Finding } from './finding.ts';
import type { Mutant } from './mutant.ts';
import type { TestCase } from './test-case.ts';

/** A sink that keeps everything. `facts` gives it with what is known of the file, once it is read. */
export class FactCollector implements FactSink {
  readonly #tools = new Map<string, { readonly name: string; readonly version: string | null }>();
  readonly #tests: TestCase[] = [];
  readonly #findings: Finding[] = [];
  readonly #benchmarks: Benchmark[] = [];
  readonly #metrics: Metric[] = [];
  readonly #components: Component[] = [];
  readonly #mutants: Mutant[] = [];
  readonly #doubts: Doubt[] = [];
  #coverage: Coverage | null = null;
  readonly #root: BelowRoot;

  /** `roots`: absolute names of the folder in which the tool worked; paths below are told from there. */
  constructor(roots: readonly string[] = []) {
    this.#root = new BelowRoot(roots);
  }

  testCase(testCase: TestCase): void {
    this.#tests.push(this.#root.testCase(testCase));
  }

  finding(finding: Finding): void {
    this.#findings.push(this.#root.finding(finding));
  }

  benchmark(benchmark: Benchmark): void {
    this.#benchmarks.push(benchmark);
  }

  metric(metric: Metric): void {
    this.#metrics.push(metric);
  }

  component(component: Component): void {
    this.#components.push(component);
  }

  mutant(mutant: Mutant): void {
    const path = this.#root.path(mutant.path);
    this.#mutants.push(path === mutant.path ? mutant : { ...mutant, path });
  }

  coverage(coverage: Coverage): void {
    this.#coverage = this.#root.coverage(coverage);
  }

  tool(name: string, version: string | null): void {
    this.#tools.set(`${name} ${version}`, { name, version });
  }

  doubt(doubt: Doubt): void {
    this.#doubts.push(doubt);
  }

  /** `file` is the report's name as the user would write it. */
  facts(file: string, { kind, digest, bytes }: ReadReport): Facts {
    return {
      kind,
      file,
      digest,
      bytes,
      tools: [...this.#tools.values()],
      tests: this.#tests,
      findings: this.#findings,
      benchmarks: this.#benchmarks,
      metrics: this.#metrics,
      components: this.#components,
      mutants: this.#mutants,
      coverage: this.#coverage,
      doubts: this.#doubts,
    };
  }
}
