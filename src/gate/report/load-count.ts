import type { FactSink } from '../facts/facts.ts';
import type { Figures } from './contract.ts';
import type { Doubts } from './value.ts';

/** Sums of a load test, of all requests or of those with one name. null is what the report does not say. Times in milliseconds. */
export interface LoadSums {
  readonly requests: number;
  readonly failed: number;
  readonly mean: number | null;
  readonly p95: number | null;
  readonly p99: number | null;
  readonly max: number | null;
  readonly perSecond: number | null;
}

/**
 * Tells the sums as metrics: `load.requests`, `load.error_share`, `load.p95_ms`, ...; those of one name as `NAME: load.p95_ms`.
 * `name` null: of all.
 */
export function tellLoad(sink: FactSink, name: string | null, sums: LoadSums): void {
  const tell = (metric: string, value: number | null, unit: string): void => {
    if (value !== null) sink.metric({ name: name === null ? metric : `${name}: ${metric}`, value, unit });
  };
  tell('load.requests', sums.requests, '');
  tell('load.failed', sums.failed, '');
  tell('load.error_share', errorShare(sums), '');
  tell('load.requests_per_second', sums.perSecond, '/s');
  tell('load.mean_ms', sums.mean, 'ms');
  tell('load.p95_ms', sums.p95, 'ms');
  tell('load.p99_ms', sums.p99, 'ms');
  tell('load.max_ms', sums.max, 'ms');
}

/** The figures of all requests; a load test without a request is a doubt. */
export function loadFigures(sums: LoadSums, doubts: Doubts): Figures {
  if (sums.requests === 0) doubts.add('empty', 'no request was made');
  if (sums.failed > sums.requests) {
    doubts.add('impossible-number', `${sums.failed} of ${sums.requests} requests failed`);
  }
  return {
    requests: sums.requests,
    failed: sums.failed,
    error_share: errorShare(sums),
    mean_ms: sums.mean,
    p95_ms: sums.p95,
    p99_ms: sums.p99,
    max_ms: sums.max,
    requests_per_second: sums.perSecond,
  };
}

function errorShare({ requests, failed }: LoadSums): number | null {
  return requests === 0 ? null : failed / requests;
}
