import { counted } from '../base/text.ts';
import type { RunOutcome } from '../journal/run-event.ts';
import type { RunState } from './state.ts';

/**
 * How the run ended, from how its cells did. A person's (or a newer run's) word to stop comes first; then what Sluice
 * could not do; then failures. A warning never hides behind a success.
 */
export function runOutcome(state: RunState): { readonly outcome: RunOutcome; readonly sentence: string } {
  const { outcomes, cancels } = state;
  const cancel = cancels[0];
  if (cancel?.kind === 'cancelled') {
    return { outcome: 'cancelled', sentence: `cancelled by ${cancel.by}: ${cancel.reason}` };
  }
  if (outcomes.errored > 0)
    return { outcome: 'errored', sentence: `${counted(outcomes.errored, 'job')} could not be performed` };
  if (state.runDeadlinePassed) return { outcome: 'failed', sentence: 'the run took longer than its timeout' };
  if (outcomes.failed > 0)
    return { outcome: 'failed', sentence: `${counted(outcomes.failed, 'job')} failed` };
  if (outcomes.cancelled > 0)
    return { outcome: 'cancelled', sentence: `${counted(outcomes.cancelled, 'job')} cancelled` };
  if (outcomes.warned > 0) {
    const sentence = `${counted(outcomes.warned, 'job')} with a failure that is allowed, or a gate that warns`;
    return { outcome: 'warned', sentence };
  }
  if (outcomes.succeeded === 0) return { outcome: 'succeeded', sentence: 'nothing had to run' };
  return { outcome: 'succeeded', sentence: `${counted(outcomes.succeeded, 'job')} succeeded` };
}
