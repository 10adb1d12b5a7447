import type { GateEvent } from '../journal/gate-event.ts';
import type { GateEffect } from './result.ts';

/** One verdict of a gate's history on a branch or an environment. */
export interface PastVerdict {
  readonly effect: GateEffect;
  readonly judgedAtMs: number;
}

/** After so many failures in a row somebody is told; and again each time as many have come on top. */
export const FAILURES_TO_ESCALATE = 3;

/**
 * Whether the newest verdict makes a gate one that keeps failing. `history` is of one gate on one branch or environment, oldest
 * first, with the newest at the end. A verdict that does not block ends the row.
 */
export function escalationOf(
  gate: string,
  on: string,
  history: readonly PastVerdict[],
): Extract<GateEvent, { type: 'gate.escalated' }> | null {
  const firstOfRow = history.findLastIndex(({ effect }) => effect !== 'blocks') + 1;
  const failures = history.length - firstOfRow;
  if (failures === 0 || failures % FAILURES_TO_ESCALATE !== 0) return null;
  return {
    type: 'gate.escalated',
    gate,
    on,
    failures,
    sinceMs: history[firstOfRow]!.judgedAtMs,
    sentence: `${gate} has failed ${failures} times in a row on ${on}`,
  };
}
