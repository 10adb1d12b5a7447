import type { Clock } from '../base/port.ts';

/** What ended while nobody looked must have time to say so before it is stopped. */
const LAST_WORD_MS = 1000;

/**
 * What is left, in milliseconds, of a limit that began to run under an earlier owner at `beganAtMs` by wall clock. Only that
 * clock is shared with the earlier owner; when it went back, the whole limit is left.
 */
export function timeLeft(clock: Clock, limitMs: number, beganAtMs: number): number {
  const spentMs = Math.max(0, clock.now() - beganAtMs);
  return Math.min(limitMs, Math.max(limitMs - spentMs, LAST_WORD_MS));
}
