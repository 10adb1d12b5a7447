import type { FactSink } from '../facts/facts.ts';
import { BenchmarkCount } from './benchmark-count.ts';
import { CERTAIN, type Figures, type ReportParser } from './contract.ts';
import { notOfForm, openJsonForm } from './json-form.ts';
import { finite, isRecord, type JsonRecord, list, record, text } from './value.ts';

const WHAT = 'a report of criterion';

/**
 * criterion.rs: the messages of `cargo criterion --message-format=json`, and `estimates.json` of one benchmark, which does not
 * hold its name.
 */
export const criterion: ReportParser = {
  kind: 'criterion',
  title: 'criterion messages or estimates.json',
  infer: ({ json, jsonKeys, text }) => {
    if (json === null || json === 'array') return 0;
    if (/"reason"\s*:\s*"(?:benchmark|group)-complete"/.test(text)) return CERTAIN;
    return jsonKeys.has('median_abs_dev') && jsonKeys.has('std_dev') ? CERTAIN : 0;
  },
  open: (sink: FactSink) =>
    openJsonForm(sink, (doubts) => {
      const count = new BenchmarkCount(sink, doubts);
      sink.tool('criterion', null);
      return {
        what: WHAT,
        needs: null,
        isSequence: true,
        lists: {
          '*': (message, path) => {
            const pointer = `/${path[0]}`;
            if (message.reason === 'benchmark-complete') count.add(ofMessage(message), { pointer });
            else if (isRecord(message.mean) && isRecord(message.std_dev))
              count.add(ofEstimates(message), { pointer });
            else if (text(message.reason) === null) throw notOfForm(WHAT, 'a message has no reason', path);
          },
        },
        figures: (): Figures => count.figures(),
      };
    }),
};

/** `measured_values` are sums over `iteration_count` iterations each. */
function ofMessage(message: JsonRecord) {
  const values = list(message.measured_values);
  const iterations = list(message.iteration_count);
  const isPaired = values.length > 0 && values.length === iterations.length;
  const samples = values.map((value, index) => {
    const [sum, times] = [finite(value), finite(iterations[index])];
    return sum === null || times === null || times <= 0 ? null : sum / times;
  });
  return {
    name: text(message.id) ?? '',
    unit: text(message.unit) ?? text(record(message.mean).unit) ?? 'ns',
    samples: isPaired ? samples : null,
    mean: record(message.mean).estimate,
  };
}

function ofEstimates(estimates: JsonRecord) {
  return {
    name: 'criterion',
    unit: 'ns',
    mean: record(estimates.mean).point_estimate,
    standardDeviation: record(estimates.std_dev).point_estimate,
  };
}
