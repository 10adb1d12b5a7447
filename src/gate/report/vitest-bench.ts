import { BenchmarkCount } from './benchmark-count.ts';
import { CERTAIN, type ReportParser } from './contract.ts';
import { notOfForm, openJsonForm } from './json-form.ts';
import { pathText, text } from './value.ts';

const WHAT = 'a report of vitest bench';

/** `vitest bench --outputJson`. Times in milliseconds; samples only when it was told to keep them. */
export const vitestBench: ReportParser = {
  kind: 'vitest-bench',
  title: 'vitest bench --outputJson',
  infer: ({ json, jsonKeys, text }) =>
    json === 'object' && jsonKeys.has('files') && /"groups"\s*:/.test(text) && /"filepath"\s*:/.test(text)
      ? CERTAIN
      : 0,
  open: (sink) =>
    openJsonForm(sink, (doubts) => {
      const count = new BenchmarkCount(sink, doubts);
      let files = 0;
      let group = '';
      sink.tool('vitest', null);
      return {
        what: WHAT,
        needs: ['files'],
        lists: {
          'files/*/groups/*/benchmarks/*': (benchmark, path) => {
            const name = text(benchmark.name);
            if (name === null) throw notOfForm(WHAT, 'a benchmark has no name', path);
            count.add(
              {
                name: group === '' ? name : `${group} > ${name}`,
                unit: 'ms',
                samples: benchmark.samples,
                mean: benchmark.mean,
                standardDeviation: benchmark.sd,
                sampleCount: benchmark.sampleCount,
              },
              { pointer: `/${path.join('/')}` },
            );
          },
        },
        values: {
          'files/*/filepath': () => {
            files++;
          },
          'files/*/groups/*/fullName': (value) => {
            group = pathText(text(value) ?? '');
          },
        },
        figures: () => ({ files, ...count.figures() }),
      };
    }),
};
