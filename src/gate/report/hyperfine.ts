import { BenchmarkCount } from './benchmark-count.ts';
import { CERTAIN, type ReportParser } from './contract.ts';
import { notOfForm, openJsonForm } from './json-form.ts';
import { list, text } from './value.ts';

const WHAT = 'a report of hyperfine';

/** hyperfine `--export-json`. Times in seconds. */
export const hyperfine: ReportParser = {
  kind: 'hyperfine',
  title: 'hyperfine --export-json',
  infer: ({ json, jsonKeys, text }) =>
    json === 'object' && jsonKeys.has('results') && /"command"\s*:/.test(text) && /"mean"\s*:/.test(text)
      ? CERTAIN
      : 0,
  open: (sink) =>
    openJsonForm(sink, (doubts) => {
      const count = new BenchmarkCount(sink, doubts);
      let failed = 0;
      sink.tool('hyperfine', null);
      return {
        what: WHAT,
        needs: ['results'],
        lists: {
          'results/*': (result, path) => {
            const name = text(result.command);
            if (name === null) throw notOfForm(WHAT, 'a result has no command', path);
            const pointer = `/${path.join('/')}`;
            if (list(result.exit_codes).some((code) => code !== 0)) {
              failed++;
              doubts.add('incomplete', `${name.slice(0, 80)} failed while it was measured`, { pointer });
            }
            count.add(
              {
                name,
                unit: 's',
                samples: result.times,
                mean: result.mean,
                standardDeviation: result.stddev,
              },
              { pointer },
            );
          },
        },
        figures: () => ({ ...count.figures(), failed_commands: failed }),
      };
    }),
};
