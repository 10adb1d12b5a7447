import { readFileSync } from 'node:fs';
import { visible } from '../../../base/text.ts';
import type { Backend, Fence, Traffic } from '../contract.ts';
import type { ServerCounts } from './facts.ts';

/** What Sluice keeps beside HAProxy, which knows neither versions nor fences. */
export interface Kept {
  readonly format: 1;
  readonly fence: Fence | null;
  readonly traffic: Traffic | null;
  /** Versions that get no new request. */
  readonly draining: readonly string[];
  /** Which server of HAProxy stands for what. */
  readonly slots: Readonly<Record<string, Slot>>;
  /** New with each traffic; null: none was set. */
  readonly epoch: string | null;
  /** What the servers had counted when the epoch began, in this process of HAProxy. */
  readonly base: { readonly process: string; readonly counts: Readonly<Record<string, ServerCounts>> };
}

export interface Slot {
  readonly version: string;
  readonly backend: Backend;
  /** The IP address that HAProxy is given for the backend. */
  readonly address: string;
  /** It is asked only when no version with weight answers. */
  readonly isStandby: boolean;
}

export const NOTHING_KEPT: Kept = {
  format: 1,
  fence: null,
  traffic: null,
  draining: [],
  slots: {},
  epoch: null,
  base: { process: '', counts: {} },
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
