import type { Span } from './contract.ts';

/** What a source remembers between two spans of the same step: the state at the end of the last one that could be told. */
export class Mark<State> {
  #last: {
    readonly state: State | null;
    readonly sinceMs: number;
    readonly toMs: number;
    readonly versions: string;
  } | null = null;

  /**
   * The state from which this span counts; null: it begins a step, or nothing was told since the step began. A span that follows one
   * which could not be told counts from before that.
   */
  at(span: Span): State | null {
    const versions = JSON.stringify([span.candidate, span.stable]);
    const last = this.#last;
    const follows =
      last !== null &&
      last.versions === versions &&
      span.toMs > span.fromMs &&
      span.fromMs >= last.sinceMs &&
      span.fromMs <= last.toMs;
    const { state, sinceMs } = follows ? last : { state: null, sinceMs: span.fromMs };
    this.#last = { state, sinceMs, toMs: span.toMs, versions };
    return state;
  }

  /** The span was told, and this is the state at its end. */
  set({ toMs }: Span, state: State): void {
    if (this.#last !== null) this.#last = { ...this.#last, state, sinceMs: toMs, toMs };
  }
}
