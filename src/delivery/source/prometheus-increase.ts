import type { VersionCounts } from '../analysis/window.ts';
import { type Answer, figureOfText } from './answer.ts';
import type { Labels, Sample } from './prometheus-api.ts';

/*
 * How much counters grew, from the raw samples of each series. PromQL's `increase` guesses beyond the samples, so it gives parts of
 * requests, and misses what a series had when it first appeared: the first error of a release is such a series. Here every sample is
 * counted once.
 */

/** Labels by which metrics tell failed requests: the status of the answer, or its class. */
const STATUS_LABELS = [
  'code',
  'status',
  'status_code',
  'http_status_code',
  'http_response_status_code',
  'response_code',
  'envoy_response_code',
  'envoy_response_code_class',
] as const;

export interface Series {
  readonly metric: Labels;
  readonly values: readonly Sample[];
}

/** What was counted so far, of one version. */
export interface Counted {
  /** Samples from this moment on count. Milliseconds since 1970. */
  readonly sinceMs: number;
  /** The last counted sample of each series. */
  readonly last: ReadonlyMap<string, { readonly at: number; readonly value: number }>;
  /** When each scraped instance was first seen. */
  readonly instances: ReadonlyMap<string, number>;
  /** The newest counted sample; seconds since 1970. */
  readonly newest: number;
}

export interface Added {
  /** What is new. */
  readonly counts: VersionCounts;
  readonly counted: Counted;
}

export function countFrom(sinceMs: number): Counted {
  return { sinceMs, last: new Map(), instances: new Map(), newest: Number.NEGATIVE_INFINITY };
}

/**
 * The requests and errors that are new in these samples, and what was counted then. A counter that went back began anew at 0. The first
 * sample of a series is where it is counted from, but one that appears later than its instance is counted from 0: it was not
 * there before.
 */
export function addSamples(before: Counted, series: readonly Series[]): Answer<Added> {
  const label = STATUS_LABELS.find((name) => series.every(({ metric }) => metric[name] !== undefined));
  if (label === undefined)
    return { problem: 'gives series without a status; ask for a counter with the label `code` or `status`' };
  const last = new Map(before.last);
  const instances = instancesOf(before.instances, series);
  let { newest } = before;
  let [requests, errors] = [0, 0];
  for (const { metric, values } of series) {
    const key = keyOf(metric);
    const instance = instances.get(instanceOf(metric) ?? key);
    for (const [at, text] of values) {
      const figure = figureOfText(text, 'a sample');
      if ('problem' in figure) return figure;
      const { value } = figure;
      if (!Number.isInteger(value) || value < 0) return { problem: NO_COUNTER };
      const known = last.get(key);
      if (known && at <= known.at) continue;
      const start = known?.value ?? (instance !== undefined && at > instance ? 0 : value);
      const added = value >= start ? value - start : value;
      requests += added;
      if (/^5/.test(metric[label]!)) errors += added;
      last.set(key, { at, value });
      newest = Math.max(newest, at);
    }
  }
  return { value: { counts: { requests, errors }, counted: { ...before, last, instances, newest } } };
}

const NO_COUNTER =
  'gives samples that are no whole numbers; ask for the counter itself, without a function around it';

/** When each instance was first seen. Without the labels of a scrape nothing is known of it. */
function instancesOf(
  before: ReadonlyMap<string, number>,
  series: readonly Series[],
): ReadonlyMap<string, number> {
  const instances = new Map(before);
  for (const { metric, values } of series) {
    const [first] = values;
    const instance = instanceOf(metric);
    if (first === undefined || instance === null) continue;
    instances.set(instance, Math.min(first[0], instances.get(instance) ?? first[0]));
  }
  return instances;
}

function instanceOf({ job, instance }: Labels): string | null {
  return instance === undefined ? null : JSON.stringify([job, instance]);
}

function keyOf(metric: Labels): string {
  return JSON.stringify(Object.entries(metric).sort(([a], [b]) => (a < b ? -1 : 1)));
}
