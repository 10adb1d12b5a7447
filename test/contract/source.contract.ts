import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, type TestContext } from 'vitest';
import { findWindowProblems, type Window } from '../../src/delivery/analysis/window.ts';
import type { Reading, Source, Span } from '../../src/delivery/source/contract.ts';

export interface Done {
  readonly requests: number;
  readonly errors: number;
}

export interface CountsHarness {
  readonly source: Source;
  /** What both versions have done since their counters began. Resolves when the source can see it. */
  show(candidate: Done, stable: Done): Promise<void>;
  /** What the world does instead of telling, by name; `show` ends it. */
  readonly mishaps: readonly string[];
  suffer(mishap: string): Promise<void>;
  dispose(): Promise<void>;
}

export interface FiguresHarness {
  readonly source: Source;
  show(candidate: number, stable: number): Promise<void>;
  readonly mishaps: readonly string[];
  suffer(mishap: string): Promise<void>;
  dispose(): Promise<void>;
}

const TIMEOUT_MS = 1500;

/** Spans in the order in which a host asks for them. */
class Spans {
  #toMs = Date.now();

  mark(more: Partial<Span> = {}): Span {
    this.#toMs = Date.now();
    return this.#span(this.#toMs, more);
  }

  next(more: Partial<Span> = {}): Span {
    const fromMs = this.#toMs;
    this.#toMs = Math.max(fromMs + 1, Date.now());
    return this.#span(fromMs, more);
  }

  #span(fromMs: number, more: Partial<Span>): Span {
    return {
      fromMs,
      toMs: this.#toMs,
      candidate: 'new',
      stable: 'old',
      thresholdsMs: null,
      slowMs: {},
      timeoutMs: TIMEOUT_MS,
      ...more,
    };
  }
}

function windowOf(reading: Reading): Window {
  if (reading.kind !== 'window') throw new Error(`no window: ${JSON.stringify(reading)}`);
  expect(findWindowProblems(reading.window)).toEqual([]);
  return reading.window as Window;
}

/** A reason names the source and says what to do; it is safe to show, in one line. */
function expectNone(reading: Reading): void {
  expect(reading).toMatchObject({ kind: 'none' });
  const { reason } = reading as Extract<Reading, { kind: 'none' }>;
  expect(reason).toMatch(/^the (test|router)\b.*;.* \w/);
  expect(reason).not.toMatch(/[\n\u001b]|https?:\/\/[^ ]*@/);
  expect(reason.length).toBeLessThan(500);
}

/** What every source of requests and errors keeps. `setUp` may skip the test where the machine lacks something. */
export function countsContract(
  name: string,
  setUp: (context: TestContext, folder: string) => Promise<CountsHarness>,
): void {
  describe(name, () => {
    let folder: string;
    let harness: CountsHarness;
    let spans: Spans;

    beforeEach(async (context) => {
      folder = mkdtempSync(join(tmpdir(), 'sluice-source-'));
      harness = await setUp(context, folder);
      spans = new Spans();
    });

    afterEach(async () => {
      await harness?.source.close();
      await harness?.dispose();
      rmSync(folder, { recursive: true, force: true });
    });

    const mark = async () => expect(await harness.source.read(spans.mark())).toMatchObject({ kind: 'none' });

    it('counts what happened in each span, and nothing of before the mark', async () => {
      await harness.show({ requests: 70, errors: 7 }, { requests: 900, errors: 9 });
      await mark();
      await harness.show({ requests: 70, errors: 7 }, { requests: 900, errors: 9 });
      await harness.source.read(spans.next());
      await harness.show({ requests: 80, errors: 8 }, { requests: 1000, errors: 9 });
      expect(windowOf(await harness.source.read(spans.next()))).toMatchObject({
        canary: { requests: 10, errors: 1 },
        baseline: { requests: 100, errors: 0 },
      });
      await harness.show({ requests: 83, errors: 8 }, { requests: 1010, errors: 10 });
      expect(windowOf(await harness.source.read(spans.next()))).toMatchObject({
        canary: { requests: 3, errors: 0 },
        baseline: { requests: 10, errors: 1 },
      });
    });

    it('counts the very first error', async () => {
      await mark();
      await harness.show({ requests: 10, errors: 0 }, { requests: 90, errors: 0 });
      await harness.source.read(spans.next());
      await harness.show({ requests: 21, errors: 1 }, { requests: 190, errors: 0 });
      expect(windowOf(await harness.source.read(spans.next()))).toMatchObject({
        canary: { requests: 11, errors: 1 },
        baseline: { requests: 100, errors: 0 },
      });
    });

    it('begins anew at a mark: what happened between two steps is in neither', async () => {
      await mark();
      await harness.show({ requests: 10, errors: 0 }, { requests: 90, errors: 0 });
      await harness.source.read(spans.next());
      await harness.show({ requests: 20, errors: 5 }, { requests: 190, errors: 0 });
      await mark();
      await harness.show({ requests: 20, errors: 5 }, { requests: 190, errors: 0 });
      await harness.source.read(spans.next());
      await harness.show({ requests: 25, errors: 5 }, { requests: 195, errors: 0 });
      expect(windowOf(await harness.source.read(spans.next()))).toMatchObject({
        canary: { requests: 5, errors: 0 },
        baseline: { requests: 5, errors: 0 },
      });
    });

    it('never counts below 0 when counters begin anew', async () => {
      await mark();
      await harness.show({ requests: 50, errors: 9 }, { requests: 500, errors: 1 });
      await harness.source.read(spans.next());
      await harness.show({ requests: 5, errors: 1 }, { requests: 550, errors: 1 });
      const reading = await harness.source.read(spans.next());
      if (reading.kind === 'none') expect(reading.reason).toMatch(/anew/);
      else expect(windowOf(reading).canary).toEqual({ requests: 5, errors: 1 });
      await harness.show({ requests: 8, errors: 2 }, { requests: 560, errors: 1 });
      expect(windowOf(await harness.source.read(spans.next()))).toMatchObject({
        canary: { requests: 3, errors: 1 },
        baseline: { requests: 10, errors: 0 },
      });
    });

    it('has nothing to compare with for a first release', async () => {
      const alone = { stable: null };
      await harness.source.read(spans.mark(alone));
      await harness.show({ requests: 1, errors: 0 }, { requests: 0, errors: 0 });
      await harness.source.read(spans.next(alone));
      await harness.show({ requests: 4, errors: 1 }, { requests: 0, errors: 0 });
      expect(windowOf(await harness.source.read(spans.next(alone)))).toMatchObject({
        canary: { requests: 3, errors: 1 },
        baseline: { requests: 0, errors: 0 },
      });
    });

    it('has no quantiles where it sees no request', async () => {
      const { fromMs, ...span } = spans.mark();
      expect(await harness.source.quantiles({ ...span, fromMs: fromMs - 50 })).toBeNull();
    });

    it('tells nothing, and why, whatever goes wrong; afterwards nothing is lost', async () => {
      await mark();
      let [canary, baseline] = [10, 90];
      await harness.show({ requests: canary, errors: 0 }, { requests: baseline, errors: 0 });
      await harness.source.read(spans.next());
      expect(harness.mishaps.length).toBeGreaterThan(0);
      for (const mishap of harness.mishaps) {
        await harness.suffer(mishap);
        const startedAt = performance.now();
        expectNone(await harness.source.read(spans.next()));
        expect(performance.now() - startedAt, mishap).toBeLessThan(TIMEOUT_MS + 1500);
        canary += 2;
        baseline += 20;
        await harness.show({ requests: canary, errors: 0 }, { requests: baseline, errors: 0 });
        expect(windowOf(await harness.source.read(spans.next())), mishap).toMatchObject({
          canary: { requests: 2, errors: 0 },
          baseline: { requests: 20, errors: 0 },
        });
      }
    }, 60_000);
  });
}

/** What every source of a user's own figure keeps. */
export function figuresContract(
  name: string,
  setUp: (context: TestContext, folder: string) => Promise<FiguresHarness>,
): void {
  describe(name, () => {
    let folder: string;
    let harness: FiguresHarness;
    let spans: Spans;

    beforeEach(async (context) => {
      folder = mkdtempSync(join(tmpdir(), 'sluice-source-'));
      harness = await setUp(context, folder);
      spans = new Spans();
      await harness.source.read(spans.mark());
    });

    afterEach(async () => {
      await harness?.source.close();
      await harness?.dispose();
      rmSync(folder, { recursive: true, force: true });
    });

    it('tells the figure of each version', async () => {
      await harness.show(1.5, -2);
      expect(await harness.source.read(spans.next())).toEqual({
        kind: 'figures',
        candidate: 1.5,
        stable: -2,
        reason: null,
      });
      await harness.show(0, 0);
      expect(await harness.source.read(spans.next())).toMatchObject({ candidate: 0, stable: 0 });
    });

    it('asks nothing of a version that is not there', async () => {
      await harness.show(7, 7);
      expect(await harness.source.read(spans.next({ stable: null }))).toEqual({
        kind: 'figures',
        candidate: 7,
        stable: null,
        reason: null,
      });
    });

    it('tells nothing, and why, whatever goes wrong', async () => {
      await harness.show(3, 4);
      await harness.source.read(spans.next());
      for (const mishap of harness.mishaps) {
        await harness.suffer(mishap);
        const startedAt = performance.now();
        expectNone(await harness.source.read(spans.next()));
        expect(performance.now() - startedAt, mishap).toBeLessThan(TIMEOUT_MS + 1500);
      }
      await harness.show(5, 6);
      expect(await harness.source.read(spans.next())).toMatchObject({ candidate: 5, stable: 6 });
    }, 60_000);
  });
}
