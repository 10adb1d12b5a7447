import type { StepEnd } from '../executor/contract.ts';
import type { Cause } from '../journal/run-event.ts';
import { decidingCause } from './stop.ts';

/** Why a process did not go well, or null when it did. `stops`: why it was told to end. */
export function causeOfEnd(end: StepEnd, stops: readonly Cause[]): Cause | null {
  if (stops.length > 0) return decidingCause(stops);
  const { exit } = end;
  if (exit.kind === 'lost') return { kind: 'lost', reason: exit.reason };
  if (end.limit) return { kind: 'limit', limit: end.limit.kind, message: end.limit.message };
  if (exit.kind === 'signal') return { kind: 'signal', signal: exit.signal };
  return exit.code === 0 ? null : { kind: 'exit-code', code: exit.code };
}
