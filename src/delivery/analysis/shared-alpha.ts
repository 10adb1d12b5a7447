import type { TriggerEvidence } from './evidence.ts';
import { logSumExp } from './log-mean.ts';

/**
 * ln of the mean E of all statistical triggers, weighted by their parts of alpha. A mean of E-values is one, whatever hangs
 * together among them, so the release as a whole reaches 1/alpha with probability alpha at most. It is never slower than an
 * alarm of each trigger at its own part, E_j >= 1 / (part x alpha). null when there is no statistical trigger.
 */
export function lnShared(
  triggers: readonly TriggerEvidence[],
  lnOf: (trigger: TriggerEvidence) => number | null,
): number | null {
  const statistical = triggers.filter(({ lnE }) => lnE !== null);
  if (statistical.length === 0) return null;
  // One alone is exactly its own: no rounding of a logarithm of 1 in between.
  if (statistical.length === 1) return lnOf(statistical[0]!);
  return logSumExp(statistical.map((trigger) => Math.log(trigger.share) + lnOf(trigger)!));
}
