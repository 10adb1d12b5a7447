import { readFileSync } from 'node:fs';
import { visible } from '../../../base/text.ts';
import type { Fence, Traffic } from '../contract.ts';
import { replaceFile } from '../replace-file.ts';
import { findTrafficProblem } from '../traffic.ts';

/** What the proxy serves by, as it is kept on disk. */
export interface Kept {
  readonly format: 1;
  readonly fence: Fence | null;
  readonly traffic: Traffic | null;
  /** Versions that get no new request. */
  readonly draining: readonly string[];
}

export const NOTHING_KEPT: Kept = { format: 1, fence: null, traffic: null, draining: [] };

/**
 * Reads what was kept; `NOTHING_KEPT` when there is no file. Throws with a sentence when it is damaged: a proxy that forgot its
 * weights would be worse than one that says so.
 */
export function readKept(file: string): Kept {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return NOTHING_KEPT;
    throw error;
  }
  const way = 'remove it and set the weights again';
  let kept: Kept;
  try {
    kept = JSON.parse(text);
    const problem = kept.traffic === null ? null : findTrafficProblem(kept.traffic);
    if (kept.format !== 1 || problem !== null || !Array.isArray(kept.draining))
      throw new Error(problem ?? 'its format is not known');
  } catch (error) {
    throw new Error(`${visible(file)} is damaged (${visible((error as Error).message)}); ${way}`);
  }
  return kept;
}

/** Replaces the file at once and durably. */
export function writeKept(file: string, kept: Kept): void {
  replaceFile(file, `${JSON.stringify(kept)}\n`);
}
