import type { Cause } from '../journal/run-event.ts';

/** Causes in strict precedence. What made us stop a step says more than how the step then ended. */
const PRECEDENCE: readonly Cause['kind'][] = [
  'cancelled',
  'timeout',
  'silence',
  'lost',
  'signal',
  'exit-code',
  'could-not-start',
  'refused',
  'invalid',
  'internal',
];

/** The cause that counts, or null of none. Of two of the same kind the first. */
export function decidingCause(causes: readonly Cause[]): Cause | null {
  let best: Cause | null = null;
  for (const cause of causes) {
    if (best === null || PRECEDENCE.indexOf(cause.kind) < PRECEDENCE.indexOf(best.kind)) best = cause;
  }
  return best;
}
