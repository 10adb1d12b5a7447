import type { EvidenceSource } from '../../pipeline/plan-analysis.ts';
import type { Quantile } from '../analysis/window.ts';

/**
 * Where evidence comes from: the router's counters and log, Prometheus, HTTP with JSON, a command. One contract suite
 * (test/contract/source.contract.ts) is passed by every implementation.
 *
 * A source reports what it was told and never guesses: an answer that is late, empty, not a number, older than the asked span or of
 * another kind is `none` with a reason that names the source and says what to do. `none` is never an error, a zero or the last
 * known value. A source asks with a deadline of its own, `timeoutMs`, and keeps nothing between two windows but what it needs to
 * take differences.
 */
export interface Source {
  readonly kind: EvidenceSource['kind'] | 'scripted';
  /**
   * What happened between two moments, of both versions. Called in order, each span beginning where the last one ended. The first call
   * of a step comes when the router has the step's weight, and its span is empty (`fromMs` = `toMs`): it sets the mark from which
   * the next one counts, so that nothing of another weight is in it, and answers `none`. A span that does not begin where the last
   * one ended sets a new mark too. What a call could not tell is in the next window of the same step.
   */
  read(span: Span): Promise<Reading>;
  /**
   * The quantiles of the stable version's latency in milliseconds, those below 10 as 10; null when they cannot be had. Looks from now
   * on, for as long as the span is and `timeoutMs` at most; with `isOptional` no longer than there is hope for enough requests.
   */
  quantiles(span: Span, isOptional?: boolean): Promise<Readonly<Record<Quantile, number>> | null>;
  close(): Promise<void>;
}

export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
  readonly candidate: string;
  /** null: nothing is compared. */
  readonly stable: string | null;
  /** Slower than these counts as exceeding; null: latency is not judged. */
  readonly thresholdsMs: Readonly<Record<Quantile, number>> | null;
  /** Metrics of latency: a request slower than this is a bad one of the metric's samples. The router must count by these too. */
  readonly slowMs: Readonly<Record<string, number>>;
  readonly timeoutMs: number;
}

export type Reading =
  /** `window` has the form of analysis/window.ts; it is checked again before it is judged. */
  | { readonly kind: 'window'; readonly window: unknown }
  /** One figure for each version, of a metric of the user's own. `stable` null: it has none, for this `reason`. */
  | {
      readonly kind: 'figures';
      readonly candidate: number;
      readonly stable: number | null;
      readonly reason: string | null;
    }
  | { readonly kind: 'none'; readonly reason: string };

/** Asked in each interval: a firing alert, or a script that fails, goes back at once. What cannot be asked is told, and fires nothing. */
export interface Alarm {
  readonly name: string;
  ask(timeoutMs: number): Promise<AlarmState>;
}

export type AlarmState =
  | { readonly state: 'quiet' }
  | { readonly state: 'firing'; readonly reason: string }
  | { readonly state: 'unknown'; readonly reason: string };
