import type { Version } from '../plan.ts';
import { type Answer, figureOfText } from './answer.ts';
import type { Reading, Source, Span } from './contract.ts';
import { Mark } from './mark.ts';
import { askPrometheus, type PrometheusResult } from './prometheus-api.ts';
import { type Added, addSamples, type Counted, countFrom } from './prometheus-increase.ts';
import { askBoth, figureSource, none } from './two-versions.ts';

/** Samples from so long before a span are asked for again, for instances that were not scraped for a while. */
const LOOK_BACK_MS = 10 * 60_000;

export interface PrometheusQuery {
  /** Address of the server, and what it is asked. */
  readonly url: string;
  readonly query: string;
}

/** Throws when a template cannot be filled in. */
type Queries = (version: Version) => PrometheusQuery;

/** One figure for each version: the query's only value at the end of the span. */
export function openPrometheusFigures(name: string, queries: Queries): Source {
  return figureSource('prometheus', name, (version) => {
    const { url, query } = queries(version);
    return {
      text: JSON.stringify([url, query]),
      ask: async ({ fromMs, toMs, timeoutMs }) => {
        const [asked, times] = await Promise.all([
          askPrometheus(url, query, toMs, timeoutMs),
          askPrometheus(url, `timestamp(${query}\n)`, toMs, timeoutMs),
        ]);
        if ('problem' in asked) return asked;
        const figure = onlyFigure(asked.value);
        if ('problem' in figure || asked.value.type === 'scalar') return figure;
        // A plain selector finds samples of the last minutes; what a function computes has the time of the query.
        const time = 'problem' in times ? times : onlyFigure(times.value);
        if ('problem' in time) return time;
        return time.value * 1000 < fromMs ? { problem: notSince(time.value, toMs) } : figure;
      },
    };
  });
}

/** Requests and errors of each version: how much the counters that the query selects have grown. */
export function openPrometheusCounts(name: string, queries: Queries): Source {
  const mark = new Mark<Readonly<Record<Version, Counted>>>();
  const read = async (span: Span): Promise<Reading> => {
    const before = mark.at(span);
    if (before === null) {
      mark.set(span, { candidate: countFrom(span.toMs), stable: countFrom(span.toMs) });
      return none(name, 'counts from now on');
    }
    const { candidate, stable } = await askBoth((version) => {
      const { url, query } = queries(version);
      return { text: JSON.stringify([url, query]), ask: () => growth(url, query, before[version], span) };
    }, span);
    if ('problem' in candidate) return none(name, candidate.problem);
    if (stable !== null && 'problem' in stable) return none(name, stable.problem);
    const { counted, counts: canary } = candidate.value;
    mark.set(span, { candidate: counted, stable: stable?.value.counted ?? before.stable });
    const baseline = stable?.value.counts ?? { requests: 0, errors: 0 };
    return { kind: 'window', window: { at: span.toMs, canary, baseline } };
  };
  return { kind: 'prometheus', read, quantiles: async () => null, close: async () => {} };
}

async function growth(url: string, query: string, before: Counted, span: Span): Promise<Answer<Added>> {
  const { fromMs, toMs, timeoutMs } = span;
  const rangeMs = Math.ceil(toMs - Math.max(before.sinceMs, fromMs - LOOK_BACK_MS));
  // On a line of its own: the query may end with a comment.
  const asked = await askPrometheus(url, `${query}\n[${rangeMs}ms]`, toMs, timeoutMs);
  if ('problem' in asked) {
    const isFunction = /range|unexpected/.test(asked.problem);
    return isFunction ? { problem: `${asked.problem}; ${COUNTER}` } : asked;
  }
  if (asked.value.type !== 'matrix') return { problem: `gives no counters; ${COUNTER}` };
  const { series } = asked.value;
  if (series.length === 0)
    return {
      problem:
        'has no samples of this version; see its query, and whether it is scraped as often as is looked',
    };
  const added = addSamples(before, series);
  if ('problem' in added) return added;
  const { newest } = added.value.counted;
  return newest > before.newest ? added : { problem: notSince(newest, toMs) };
}

const COUNTER =
  'ask for the counter itself, such as http_requests_total{version="..."}: how much it grew is computed here';

function notSince(newestS: number, toMs: number): string {
  const age = Number.isFinite(newestS) ? ` (the newest is ${Math.round(toMs / 1000 - newestS)} s old)` : '';
  return `has no sample of the asked span${age}; look no more often than is scraped, by \`interval\``;
}

function onlyFigure(result: PrometheusResult): Answer<number> {
  if (result.type === 'scalar') return figureOfText(result.sample[1], 'its answer');
  if (result.type === 'matrix') return { problem: 'gives a range, not a number; ask for a number' };
  const [only, ...others] = result.series;
  if (only === undefined)
    return { problem: 'knows no such series; see its query, and whether it is scraped' };
  if (others.length > 0)
    return { problem: `gives ${others.length + 1} series, not one; choose or sum them in its query` };
  return figureOfText(only.value[1], 'its answer');
}
