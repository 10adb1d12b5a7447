import type { Cause, CellExtras, CellOutcome } from '../journal/run-event.ts';

/** How an attempt of a cell ended, as its runner reports it. */
export interface CellReport {
  readonly outcome: Exclude<CellOutcome, 'skipped'>;
  readonly cause: Cause | null;
  readonly step: string | null;
  readonly durationMs: number;
  readonly outputs: Readonly<Record<string, string>>;
  readonly tail: readonly string[];
  readonly patterns: readonly string[];
  readonly extras?: CellExtras;
}
