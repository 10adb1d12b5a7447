import { BenchmarkCount } from './benchmark-count.ts';
import { CERTAIN, LIKELY, type ReportParser } from './contract.ts';
import { notOfForm, openJsonForm } from './json-form.ts';
import { record, text } from './value.ts';

const WHAT = 'a report of pytest-benchmark';

/** pytest-benchmark `--benchmark-json`. Times in seconds; the samples are there unless it was told to leave them out. */
export const pytestBenchmark: ReportParser = {
  kind: 'pytest-benchmark',
  title: 'pytest --benchmark-json',
  infer: ({ json, jsonKeys }) => {
    if (json !== 'object') return 0;
    if (jsonKeys.has('machine_info') && jsonKeys.has('benchmarks')) return CERTAIN;
    return jsonKeys.has('machine_info') && jsonKeys.has('commit_info') ? LIKELY : 0;
  },
  open: (sink) =>
    openJsonForm(sink, (doubts) => {
      const count = new BenchmarkCount(sink, doubts);
      return {
        what: WHAT,
        needs: ['benchmarks'],
        lists: {
          'benchmarks/*': (benchmark, path) => {
            const name = text(benchmark.fullname) ?? text(benchmark.name);
            if (name === null) throw notOfForm(WHAT, 'a benchmark has no name', path);
            const stats = record(benchmark.stats);
            count.add(
              {
                name,
                unit: 's',
                samples: stats.data,
                mean: stats.mean,
                standardDeviation: stats.stddev,
                sampleCount: stats.rounds,
              },
              { pointer: `/${path.join('/')}` },
            );
          },
        },
        values: { version: (value) => sink.tool('pytest-benchmark', text(value)) },
        figures: () => count.figures(),
      };
    }),
};
