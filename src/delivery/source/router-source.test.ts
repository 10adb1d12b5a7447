import { describe, expect, it } from 'vitest';
import { countsContract } from '../../../test/contract/source.contract.ts';
import { SPAN } from '../../../test/support/source.ts';
import { findWindowProblems } from '../analysis/window.ts';
import type { RequestLine, Router, RouterCounts, Unknown } from '../router/contract.ts';
import { isHopeless } from './latency.ts';
import { openRouterSource } from './router-source.ts';

/** A router of which only the counts and the stream are asked. */
class ScriptedRouter {
  counts: RouterCounts | Unknown | 'silent' = {
    outcome: 'known',
    epoch: '1',
    thresholdsMs: [],
    versions: {},
  };
  sink: ((line: RequestLine) => void) | null = null;

  get router(): Router {
    return {
      kind: 'scripted',
      observe: () => (this.counts === 'silent' ? new Promise(() => {}) : Promise.resolve(this.counts)),
      follow: async (onLine: (line: RequestLine) => void) => {
        this.sink = onLine;
        return () => {
          this.sink = null;
        };
      },
    } as Partial<Router> as Router;
  }

  tell(versions: RouterCounts['versions'], more: Partial<RouterCounts> = {}): void {
    this.counts = { outcome: 'known', epoch: '1', thresholdsMs: [], versions, ...more };
  }
}

const tally = (requests: number, errors: number, exceed: readonly number[] = []) => ({
  requests,
  errors,
  exceed,
  seconds: [],
});

const MISHAPS: Readonly<Record<string, ScriptedRouter['counts']>> = {
  'does not run': { outcome: 'unknown', reason: 'the proxy does not run' },
  'is silent': 'silent',
};

countsContract('counts of the router', async () => {
  const scripted = new ScriptedRouter();
  let [epoch, last] = [1, 0];
  return {
    source: openRouterSource(scripted.router),
    show: async (candidate, stable) => {
      if (candidate.requests < last) epoch++;
      last = candidate.requests;
      const versions = {
        ...(candidate.requests > 0 && { new: tally(candidate.requests, candidate.errors) }),
        old: tally(stable.requests, stable.errors),
      };
      scripted.tell(versions, { epoch: `${epoch}` });
    },
    mishaps: Object.keys(MISHAPS),
    suffer: async (mishap) => {
      scripted.counts = MISHAPS[mishap]!;
    },
    dispose: async () => {},
  };
});

describe('the router', () => {
  const THRESHOLDS = { q50: 10, q90: 20, q95: 30, q99: 40 };
  const span = { ...SPAN, thresholdsMs: THRESHOLDS, slowMs: { p95: 90 } };
  const mark = { ...span, toMs: span.fromMs };

  it('counts what is slower than each threshold, and the samples of a limit on latency', async () => {
    const scripted = new ScriptedRouter();
    const source = openRouterSource(scripted.router);
    const thresholdsMs = [10, 20, 30, 40, 90];
    scripted.tell({ old: tally(100, 0, [50, 10, 5, 1, 0]) }, { thresholdsMs });
    await source.read(mark);
    scripted.tell(
      { old: tally(300, 1, [150, 30, 15, 3, 0]), new: tally(20, 1, [18, 15, 12, 9, 4]) },
      { thresholdsMs },
    );
    const reading = await source.read(span);
    expect(reading).toMatchObject({
      window: {
        canary: {
          requests: 20,
          exceed: { q50: 18, q90: 15, q95: 12, q99: 9 },
          samples: { p95: { taken: 20, bad: 4 } },
        },
        baseline: {
          requests: 200,
          exceed: { q50: 100, q90: 20, q95: 10, q99: 2 },
          samples: { p95: { taken: 200, bad: 0 } },
        },
      },
    });
    expect(findWindowProblems((reading as { window: unknown }).window)).toEqual([]);
  });

  it('leaves latency out where the router does not count by these thresholds', async () => {
    const scripted = new ScriptedRouter();
    const source = openRouterSource(scripted.router);
    const thresholdsMs = [10, 20, 30];
    scripted.tell({ old: tally(1, 0, [0, 0, 0]) }, { thresholdsMs });
    await source.read(mark);
    scripted.tell({ old: tally(2, 0, [1, 1, 1]) }, { thresholdsMs });
    expect(await source.read(span)).toMatchObject({
      window: { canary: { requests: 0, errors: 0 }, baseline: { requests: 1, errors: 0 } },
    });
  });

  it('never subtracts counts of two epochs', async () => {
    const scripted = new ScriptedRouter();
    const source = openRouterSource(scripted.router);
    scripted.tell({ old: tally(10, 0) });
    await source.read({ ...SPAN, toMs: SPAN.fromMs });
    scripted.tell({ old: tally(90, 0) }, { epoch: '2' });
    expect(await source.read(SPAN)).toMatchObject({ kind: 'none', reason: expect.stringMatching(/anew/) });
    scripted.tell({ old: tally(95, 0) }, { epoch: '2' });
    const next = { ...SPAN, fromMs: SPAN.toMs, toMs: SPAN.toMs + 5 };
    expect(await source.read(next)).toMatchObject({ window: { baseline: { requests: 5 } } });
  });

  const line = (version: string, latencyMs: number, status: number | null = 200): RequestLine => ({
    atMs: 0,
    version,
    backend: 'b',
    method: 'GET',
    path: '/',
    status,
    latencyMs,
    lost: 0,
  });

  it('learns the quantiles of the stable version alone, and no longer than it must', async () => {
    const scripted = new ScriptedRouter();
    const source = openRouterSource(scripted.router);
    const learnt = source.quantiles({ ...SPAN, toMs: SPAN.fromMs + 60_000, timeoutMs: 60_000 });
    for (let latency = 1; latency <= 500; latency++) {
      scripted.sink!(line('new', 9999));
      scripted.sink!(line('old', 9999, null));
      scripted.sink!(line('old', latency));
    }
    expect(await learnt).toEqual({ q50: 250, q90: 450, q95: 475, q99: 495 });
    expect(scripted.sink).toBeNull();
  });

  it('takes what nobody waits for as ten milliseconds', async () => {
    const scripted = new ScriptedRouter();
    const learnt = openRouterSource(scripted.router).quantiles({ ...SPAN, toMs: SPAN.fromMs + 60_000 });
    for (let index = 0; index < 500; index++) scripted.sink!(line('old', index < 490 ? 0.4 : 30));
    expect(await learnt).toEqual({ q50: 10, q90: 10, q95: 10, q99: 30 });
  });

  it('has no quantiles of too few requests, or none to follow', async () => {
    const scripted = new ScriptedRouter();
    const short = { ...SPAN, toMs: SPAN.fromMs + 30 };
    const learnt = openRouterSource(scripted.router).quantiles(short);
    for (let count = 0; count < 99; count++) scripted.sink!(line('old', 5));
    expect(await learnt).toBeNull();
    const { follow, ...deaf } = scripted.router;
    expect(await openRouterSource(deaf as Router).quantiles(short)).toBeNull();
    expect(await openRouterSource(scripted.router).quantiles({ ...short, stable: null })).toBeNull();
  });

  it('does not wait for latencies that are optional and will not come', async () => {
    const scripted = new ScriptedRouter();
    const limitMs = 25_000;
    const span = { ...SPAN, toMs: SPAN.fromMs + limitMs, timeoutMs: limitMs };
    const startedMs = performance.now();
    expect(await openRouterSource(scripted.router).quantiles(span, true)).toBeNull();
    expect(performance.now() - startedMs).toBeLessThan(limitMs / 2);
    expect(scripted.sink).toBeNull();
  });

  it.each([
    { requests: 0, part: 0.09, isGone: false },
    { requests: 0, part: 0.1, isGone: true },
    { requests: 5, part: 0.1, isGone: false },
    { requests: 20, part: 0.5, isGone: true },
    { requests: 40, part: 0.5, isGone: false },
    { requests: 99, part: 1, isGone: false },
  ])('gives up after $requests requests in $part of the time: $isGone', ({ requests, part, isGone }) => {
    expect(isHopeless(requests, part)).toBe(isGone);
  });
});
