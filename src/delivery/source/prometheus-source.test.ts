import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it, type TestContext } from 'vitest';
import { countsContract, type Done, figuresContract } from '../../../test/contract/source.contract.ts';
import { RealPrometheus } from '../../../test/support/prometheus.ts';
import {
  HTTP_MISHAPS,
  type HttpAnswer,
  json,
  raw,
  ScriptedHttp,
} from '../../../test/support/scripted-http.ts';
import { openTestSource, SPAN } from '../../../test/support/source.ts';
import { addSamples, type Counted, countFrom, type Series } from './prometheus-increase.ts';

const counter = () => `http_requests_total{run="${run}",version="\${{ deploy.version }}"} # of one version`;
const figure = () => `queue_length{run="${run}",version="\${{ deploy.version }}"}`;

/** Requests and errors as an exporter tells them: a series of errors appears with its first one. */
function exposition(version: string, { requests, errors }: Done): string {
  const line = (code: number, count: number) =>
    `http_requests_total{run="${run}",version="${version}",code="${code}"} ${count}\n`;
  return `${line(200, requests - errors)}${errors > 0 ? line(503, errors) : ''}`;
}

let folder: string | null = null;
let shared: RealPrometheus | null = null;
/** Counts the tests: each has series of its own. */
let run = 0;

/** One server for all tests of this file: it takes seconds to start. */
async function real(context: TestContext): Promise<RealPrometheus> {
  folder ??= mkdtempSync(join(tmpdir(), 'sluice-prometheus-'));
  shared ??= await RealPrometheus.start(context, folder);
  run++;
  return shared;
}

afterAll(async () => {
  await shared?.stop();
  if (folder !== null) rmSync(folder, { recursive: true, force: true });
});

async function overReal(context: TestContext) {
  const prometheus = await real(context);
  const relay = await ScriptedHttp.open(raw(503, ''));
  /** Passes on to the real one; a mishap stands in between. */
  const honest: HttpAnswer = async (request, response, body) => {
    const heard = await fetch(`${prometheus.url}${request.url}`, {
      method: request.method,
      body,
      headers: { 'content-type': request.headers['content-type']! },
    });
    raw(heard.status, await heard.text(), { 'content-type': 'application/json' })(request, response, '');
  };
  relay.answer = honest;
  return {
    prometheus,
    relay,
    honest: () => {
      relay.answer = honest;
    },
    dispose: () => relay.close(),
  };
}

const now = () => Date.now() / 1000;
const success = (resultType: string, result: unknown, headers = {}) =>
  json({ status: 'success', data: { resultType, result } }, headers);
const labels = { version: 'new', code: '200', job: 'service', instance: 'a' };
const longAgo = new Date(Date.now() - 3_600_000).toUTCString();
const soon = new Date(Date.now() + 30_000).toUTCString();

const MISHAPS: Readonly<Record<string, HttpAnswer>> = {
  ...HTTP_MISHAPS,
  'refuses the query': raw(
    400,
    JSON.stringify({ status: 'error', errorType: 'bad_data', error: 'parse error: unexpected )' }),
  ),
  'is too slow itself': raw(
    422,
    JSON.stringify({ status: 'error', errorType: 'timeout', error: 'query timed out' }),
  ),
  'is another JSON': json({ value: 1 }),
  'is success without data': json({ status: 'success' }),
  'has broken series': success('vector', [{ metric: { a: 1 }, value: [now(), '1'] }]),
  'has broken samples': success('matrix', [{ metric: {}, values: [[now(), 1]] }]),
  'knows nothing': success('vector', []),
  'answers in part': json({
    status: 'success',
    warnings: ['a store did not answer'],
    data: { resultType: 'vector', result: [{ metric: labels, value: [now(), '1'] }] },
  }),
  'lives in the past': success('vector', [{ metric: labels, value: [now(), '1'] }], { date: longAgo }),
  'lives in the future': success('vector', [{ metric: labels, value: [now(), '1'] }], { date: soon }),
};

countsContract('counts by Prometheus', async (context) => {
  const { prometheus, relay, honest, dispose } = await overReal(context);
  const matrix = (value: string, metric: object = labels) =>
    success('matrix', [{ metric, values: [[now(), value]] }]);
  const all: Readonly<Record<string, HttpAnswer>> = {
    ...MISHAPS,
    'has no samples': success('matrix', []),
    'has NaN': matrix('NaN'),
    'has parts of requests': matrix('10.5'),
    'has negative counts': matrix('-4'),
    'has huge counts': matrix('1e300'),
    'has endless counts': matrix('+Inf'),
    'has no status': matrix('10', { job: 'service' }),
    'has old samples only': success('matrix', [{ metric: labels, values: [[now() - 3600, '10']] }]),
  };
  const source = openTestSource(
    { kind: 'prometheus', url: relay.url, query: counter() },
    { asked: 'counts' },
  );
  return {
    source,
    show: async (candidate, stable) => {
      honest();
      await prometheus.show(exposition('new', candidate) + exposition('old', stable));
    },
    mishaps: Object.keys(all),
    suffer: async (mishap) => {
      relay.answer = all[mishap]!;
    },
    dispose,
  };
});

figuresContract('a figure by Prometheus', async (context) => {
  const { prometheus, relay, honest, dispose } = await overReal(context);
  const vector = (...values: readonly string[]) =>
    success(
      'vector',
      values.map((value, index) => ({ metric: { index: `${index}` }, value: [now(), value] })),
    );
  const all: Readonly<Record<string, HttpAnswer>> = {
    ...MISHAPS,
    'has NaN': vector('NaN'),
    'has an endless number': vector('+Inf'),
    'has a huge number': vector('1e300'),
    'has text': success('string', [now(), 'four']),
    'has two series': vector('1', '2'),
    'has a range': success('matrix', [{ metric: {}, values: [[now(), '1']] }]),
    'has old samples': vector(`${now() - 60}`),
  };
  const source = openTestSource({ kind: 'prometheus', url: relay.url, query: figure() });
  return {
    source,
    show: async (candidate, stable) => {
      honest();
      await prometheus.show(
        `queue_length{run="${run}",version="new"} ${candidate}\nqueue_length{run="${run}",version="old"} ${stable}\n`,
      );
    },
    mishaps: Object.keys(all),
    suffer: async (mishap) => {
      relay.answer = all[mishap]!;
    },
    dispose,
  };
});

describe('Prometheus', () => {
  const ask = async (url: string, query: string, asked: 'counts' | 'figure') => {
    const source = openTestSource({ kind: 'prometheus', url, query }, { asked });
    const atMs = Date.now();
    await source.read({ ...SPAN, stable: null, fromMs: atMs - 1000, toMs: atMs - 1000 });
    return source.read({ ...SPAN, stable: null, fromMs: atMs - 1000, toMs: atMs });
  };

  it('computes figures of any kind, and says what a query for counts must be', async (context) => {
    const prometheus = await real(context);
    await prometheus.show(exposition('new', { requests: 10, errors: 1 }));
    expect(await ask(prometheus.url, 'sum(http_requests_total)', 'figure')).toMatchObject({
      candidate: 10,
    });
    expect(await ask(prometheus.url, 'scalar(sum(http_requests_total))', 'figure')).toMatchObject({
      candidate: 10,
    });
    expect(await ask(prometheus.url, '1 - 3', 'figure')).toMatchObject({ candidate: -2 });
    expect(await ask(prometheus.url, '0 / 0', 'figure')).toMatchObject({ kind: 'none' });
    expect(await ask(prometheus.url, 'http_requests_total', 'figure')).toMatchObject({
      kind: 'none',
      reason: expect.stringMatching(/2 series/),
    });
    expect(await ask(prometheus.url, 'no_such_metric', 'figure')).toMatchObject({
      kind: 'none',
      reason: expect.stringMatching(/no such series/),
    });
    for (const query of ['sum(http_requests_total)', 'rate(http_requests_total[1m])', '5']) {
      const reading = await ask(prometheus.url, query, 'counts');
      expect(reading).toMatchObject({
        kind: 'none',
        reason: expect.stringMatching(/ask for the counter itself/),
      });
    }
  });

  it('has no figure of a target that is gone, though its last sample is young', async (context) => {
    const prometheus = await real(context);
    await prometheus.show('queue_length 4\n');
    expect(await ask(prometheus.url, 'queue_length', 'figure')).toMatchObject({ candidate: 4 });
    prometheus.goDown();
    await prometheus.show('queue_length 4\n');
    prometheus.goOn();
    expect(await ask(prometheus.url, 'queue_length', 'figure')).toMatchObject({ kind: 'none' });
  });
});

describe('addSamples', () => {
  const series = (code: string, ...values: readonly [number, number][]): Series => ({
    metric: { code, job: 'service', instance: 'a' },
    values: values.map(([at, value]) => [at, `${value}`]),
  });
  const add = (before: Counted, ...all: readonly Series[]) => {
    const added = addSamples(before, all);
    if ('problem' in added) throw new Error(added.problem);
    return added.value;
  };

  it('counts each sample once, however often it is told', () => {
    const first = add(countFrom(0), series('200', [1, 100], [2, 110]));
    expect(first.counts).toEqual({ requests: 10, errors: 0 });
    const second = add(first.counted, series('200', [1, 100], [2, 110], [3, 115]));
    expect(second.counts).toEqual({ requests: 5, errors: 0 });
  });

  it('counts a series from 0 that appears later than its instance', () => {
    const first = add(countFrom(0), series('200', [1, 100], [2, 110]), series('500', [2, 3]));
    expect(first.counts).toEqual({ requests: 13, errors: 3 });
  });

  it('counts an instance that appears later from its first sample', () => {
    const first = add(countFrom(0), series('200', [1, 100]));
    const other = { metric: { code: '500', job: 'service', instance: 'b' }, values: [[5, '70']] } as const;
    expect(add(first.counted, series('200', [5, 101]), other).counts).toEqual({ requests: 1, errors: 0 });
  });

  it('counts a series without an instance from its first sample', () => {
    const plain = (at: number, code: string, value: string): Series => ({
      metric: { code },
      values: [[at, value]],
    });
    const first = add(countFrom(0), plain(1, '200', '10'));
    expect(add(first.counted, plain(2, '200', '20'), plain(2, '500', '50')).counts).toEqual({
      requests: 10,
      errors: 0,
    });
  });

  it('counts from 0 after a restart, also within the span', () => {
    const samples = series('500', [1, 100], [2, 101], [3, 2], [4, 5]);
    expect(add(countFrom(0), samples).counts).toEqual({ requests: 6, errors: 6 });
  });

  it('tells failed requests by class too', () => {
    const classed = {
      metric: { status: '5xx', instance: 'a' },
      values: [
        [1, '1'],
        [2, '4'],
      ],
    } as const;
    expect(add(countFrom(0), classed).counts).toEqual({ requests: 3, errors: 3 });
  });
});
