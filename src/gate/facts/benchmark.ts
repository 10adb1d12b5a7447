/** One measured thing. Either its samples or their mean and deviation are known. */
export interface Benchmark {
  readonly name: string;
  /** Of the values: `ns`, `ms`, `s`, `ops/s`, `B`, ... as the tool measures. */
  readonly unit: string;
  /** Which way is better. */
  readonly better: 'lower' | 'higher';
  /** As measured, in order; null when the report only has sums of them. */
  readonly samples: readonly number[] | null;
  readonly mean: number;
  /** Of the samples (n - 1); null when the report does not say. */
  readonly standardDeviation: number | null;
  /** How many samples; null when the report does not say. */
  readonly sampleCount: number | null;
}

/** One number with a name, for what has no model of its own. */
export interface Metric {
  readonly name: string;
  readonly value: number;
  /** Empty for a plain number. */
  readonly unit: string;
}
