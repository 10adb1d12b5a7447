import { BenchmarkCount } from './benchmark-count.ts';
import { CERTAIN, type ReportParser } from './contract.ts';
import { notOfForm, openJsonForm } from './json-form.ts';
import { finite, pathText, record, text } from './value.ts';

const WHAT = 'a report of vitest bench';

/**
 * `vitest bench`: the file of `--outputJson` (vitest 1 to 4), and of `--reporter=json` (from 5 on), which has benchmarks within tests.
 * Times in milliseconds; samples only when it was told to keep them.
 */
export const vitestBench: ReportParser = {
  kind: 'vitest-bench',
  title: 'vitest bench, as JSON',
  infer: ({ json, jsonKeys, text }) => {
    if (json !== 'object') return 0;
    const hasGroups = jsonKeys.has('files') && /"groups"\s*:/.test(text) && /"filepath"\s*:/.test(text);
    const hasTests = jsonKeys.has('testResults') && /"benchmarks"\s*:\s*\[\s*\{/.test(text);
    return hasGroups || hasTests ? CERTAIN : 0;
  },
  open: (sink) =>
    openJsonForm(sink, (doubts) => {
      const count = new BenchmarkCount(sink, doubts);
      let files = 0;
      let group = '';
      sink.tool('vitest', null);
      return {
        what: WHAT,
        needs: ['files', 'testResults'],
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
          'testResults/*/assertionResults/*/benchmarks/*/tasks/*': (task, path) => {
            const name = text(task.name);
            if (name === null) throw notOfForm(WHAT, 'a benchmark has no name', path);
            const latency = record(task.latency);
            count.add(
              {
                name: group === '' ? name : `${group} > ${name}`,
                unit: 'ms',
                samples: latency.samples,
                mean: latency.mean,
                standardDeviation: latency.sd,
                sampleCount: latency.samplesCount,
              },
              { pointer: `/${path.join('/')}` },
            );
          },
        },
        values: {
          'testResults/*/name': () => {
            files++;
          },
          'testResults/*/assertionResults/*/benchmarks/*/name': (value) => {
            group = pathText(text(value) ?? '');
          },
          numFailedTests: (value) => {
            if ((finite(value) ?? 1) > 0)
              doubts.add('incomplete', `${String(value)} of the tests with benchmarks failed`, {
                pointer: '/numFailedTests',
              });
          },
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
