import type { FactSink } from '../facts/facts.ts';
import { type Figures, ReportError } from './contract.ts';
import { type LoadSums, loadFigures, tellLoad } from './load-count.ts';
import type { Doubts } from './value.ts';

const LABELS_MAX = 10_000;
/** Above it times are rounded to a hundredth of themselves, so that few are kept. */
const EXACT_MS_MAX = 10_000;

/** One sample of JMeter, as written. */
export interface GivenSample {
  readonly label: string;
  readonly elapsed: string | undefined;
  readonly timeStamp: string | undefined;
  readonly success: string | undefined;
}

/** Sums samples by label, with the exact percentiles of times up to ten seconds and those within 1 % above. */
export class JmeterSamples {
  readonly #doubts: Doubts;
  readonly #all = new Times();
  readonly #labels = new Map<string, Times>();

  constructor(doubts: Doubts) {
    this.#doubts = doubts;
  }

  add({ label, elapsed, timeStamp, success }: GivenSample, line: number): void {
    if (success !== 'true' && success !== 'false') {
      throw new ReportError(
        'report-value',
        `success is "${(success ?? '').slice(0, 40)}", not true or false`,
        {
          line,
          column: 1,
        },
      );
    }
    const ms = numberOf(elapsed);
    if (ms === null) {
      throw new ReportError('report-value', `the time "${(elapsed ?? '').slice(0, 40)}" is no number`, {
        line,
        column: 1,
      });
    }
    if (ms < 0) this.#doubts.add('impossible-number', `a sample took ${ms} ms`, { line });
    const startMs = numberOf(timeStamp);
    for (const times of [this.#all, this.#of(label, line)])
      times.add(Math.max(0, ms), success === 'true', startMs);
  }

  end(sink: FactSink): Figures {
    for (const [label, times] of this.#labels) tellLoad(sink, label, times.sums());
    const sums = this.#all.sums();
    tellLoad(sink, null, sums);
    return { labels: this.#labels.size, ...loadFigures(sums, this.#doubts) };
  }

  #of(label: string, line: number): Times {
    let times = this.#labels.get(label);
    if (!times) {
      if (this.#labels.size >= LABELS_MAX) {
        throw new ReportError('report-refused', `more than ${LABELS_MAX} labels`, { line, column: 1 });
      }
      times = new Times();
      this.#labels.set(label, times);
    }
    return times;
  }
}

class Times {
  readonly #counts = new Map<number, number>();
  #requests = 0;
  #failed = 0;
  #sumMs = 0;
  #maxMs = 0;
  #firstMs = Number.POSITIVE_INFINITY;
  #lastMs = Number.NEGATIVE_INFINITY;

  add(ms: number, isSuccess: boolean, startMs: number | null): void {
    const key = ms <= EXACT_MS_MAX ? Math.round(ms) : Number(ms.toPrecision(3));
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
    this.#requests++;
    if (!isSuccess) this.#failed++;
    this.#sumMs += ms;
    this.#maxMs = Math.max(this.#maxMs, ms);
    if (startMs === null) return;
    this.#firstMs = Math.min(this.#firstMs, startMs);
    this.#lastMs = Math.max(this.#lastMs, startMs + ms);
  }

  sums(): LoadSums {
    const tookMs = this.#lastMs - this.#firstMs;
    const isTimed = tookMs > 0 && Number.isFinite(tookMs);
    const sorted = [...this.#counts].sort(([left], [right]) => left - right);
    return {
      requests: this.#requests,
      failed: this.#failed,
      mean: this.#requests === 0 ? null : rounded(this.#sumMs / this.#requests),
      p95: percentile(sorted, this.#requests, 0.95),
      p99: percentile(sorted, this.#requests, 0.99),
      max: this.#requests === 0 ? null : this.#maxMs,
      perSecond: isTimed ? rounded((1000 * this.#requests) / tookMs) : null,
    };
  }
}

/** The smallest time that this share of the samples does not exceed. */
function percentile(
  sorted: readonly (readonly [number, number])[],
  total: number,
  share: number,
): number | null {
  let seen = 0;
  for (const [ms, count] of sorted) {
    seen += count;
    if (seen >= share * total) return ms;
  }
  return null;
}

function rounded(value: number): number {
  return Number(value.toFixed(3));
}

function numberOf(text: string | undefined): number | null {
  return text !== undefined && /^\s*-?\d{1,15}\s*$/.test(text) ? Number(text) : null;
}
