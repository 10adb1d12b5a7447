import { readFileSync } from 'node:fs';
import { visible } from '../../../base/text.ts';
import type { Fence, Traffic } from '../contract.ts';
import type { LogMark } from './log-mark.ts';

/** What Sluice keeps beside nginx, which knows neither versions nor fences. */
export interface Kept {
  readonly format: 1;
  readonly fence: Fence | null;
  readonly traffic: Traffic | null;
  /** Versions that get no new request. */
  readonly draining: readonly string[];
  /** By host of a backend, as it stands in nginx's file. */
  readonly addresses: Readonly<Record<string, string>>;
  /** nginx works by it; false: it may not have been told. */
  readonly isApplied: boolean;
  readonly epoch: Epoch | null;
}

/** Where the counts of a traffic begin. */
export interface Epoch {
  readonly id: string;
  readonly startedAtMs: number;
  /** The access log, and how long it was; null: there was none. */
  readonly log: LogMark | null;
}

export const NOTHING_KEPT: Kept = {
  format: 1,
  fence: null,
  traffic: null,
  draining: [],
  addresses: {},
  isApplied: true,
  epoch: null,
};

/** Reads what was kept; `NOTHING_KEPT` when there is no file. Throws with a sentence when it is damaged. */
export function readKept(file: string): Kept {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return NOTHING_KEPT;
    throw error;
  }
  try {
    const kept = JSON.parse(text) as Kept;
    if (kept.format === 1) return kept;
  } catch {}
  throw new Error(`${visible(file)} is damaged; remove it and set the weights again`);
}
