import { visible } from '../../base/text.ts';
import type { Answer } from './answer.ts';
import { askJson } from './ask-http.ts';

/** A clock that differs by more from the server's would take what is old for new. */
const CLOCK_DIFFERENCE_MAX_MS = 5000;

export type Labels = Readonly<Record<string, string>>;

/** Seconds since 1970, and a number as text. */
export type Sample = readonly [number, string];

/** What Prometheus answers, by the type of the expression. */
export type PrometheusResult =
  | { readonly type: 'scalar'; readonly sample: Sample }
  | { readonly type: 'vector'; readonly series: readonly { metric: Labels; value: Sample }[] }
  | { readonly type: 'matrix'; readonly series: readonly { metric: Labels; values: readonly Sample[] }[] };

/** Has a Prometheus server, or one that speaks like it, evaluate a query at a moment. */
export async function askPrometheus(
  server: string,
  query: string,
  atMs: number,
  timeoutMs: number,
): Promise<Answer<PrometheusResult>> {
  const form = { query, time: (atMs / 1000).toFixed(3), timeout: `${Math.ceil(timeoutMs / 1000)}s` };
  const url = queryUrl(server);
  const heard = await askJson({ url, form, timeoutMs }, [400, 422]);
  if ('problem' in heard) return heard;
  const { json, aheadMs } = heard.value;
  if (aheadMs === null) return { problem: 'does not tell its time; ask the server itself' };
  if (Math.abs(aheadMs) > CLOCK_DIFFERENCE_MAX_MS) {
    const seconds = Math.round(Math.abs(aheadMs) / 1000);
    return { problem: `has a clock that differs by ${seconds} s from here; set the clocks of both machines` };
  }
  return resultOf(json);
}

/** Only the path is added to: a server may live below one. */
function queryUrl(server: string): string {
  const url = URL.parse(server);
  if (!url) return server;
  url.pathname = `${url.pathname.replace(/\/+$/, '')}/api/v1/query`;
  url.hash = '';
  return url.href;
}

function resultOf(json: unknown): Answer<PrometheusResult> {
  if (!isRecord(json)) return notPrometheus;
  if (json.status === 'error') {
    const said = visible(`${json.error}`).slice(0, 200);
    return { problem: `cannot answer the query: ${said}; try the query there` };
  }
  if (json.status !== 'success' || !isRecord(json.data)) return notPrometheus;
  const warning = Array.isArray(json.warnings) ? json.warnings.find((one) => !isRemark(one)) : undefined;
  if (warning !== undefined)
    return { problem: `answers in part only: ${visible(`${warning}`).slice(0, 200)}; look there why` };
  const { resultType, result } = json.data;
  if (resultType === 'scalar' && isSample(result)) return { value: { type: 'scalar', sample: result } };
  if (!Array.isArray(result) || !result.every((one) => isRecord(one) && isLabels(one.metric)))
    return notPrometheus;
  if (resultType === 'vector' && result.every(({ value }) => isSample(value)))
    return { value: { type: 'vector', series: result } };
  if (
    resultType === 'matrix' &&
    result.every(({ values }) => Array.isArray(values) && values.every(isSample))
  )
    return { value: { type: 'matrix', series: result } };
  return notPrometheus;
}

const notPrometheus = { problem: 'does not answer as Prometheus does; give the address of its server' };

/** Newer servers say so of queries that are right all the same. */
function isRemark(warning: unknown): boolean {
  return typeof warning === 'string' && warning.startsWith('PromQL info');
}

function isSample(value: unknown): value is Sample {
  return (
    Array.isArray(value) && value.length === 2 && Number.isFinite(value[0]) && typeof value[1] === 'string'
  );
}

function isLabels(value: unknown): value is Labels {
  return isRecord(value) && Object.values(value).every((label) => typeof label === 'string');
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
