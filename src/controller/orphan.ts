import type { Clock } from '../base/port.ts';
import { runLease } from '../journal/stream.ts';
import type { Leases } from '../store/contract.ts';
import type { Owners } from './contract.ts';

/**
 * Whether nobody drives the run: it has no owner, its owner's process is gone, or - for an owner on another machine, which
 * cannot be asked - its lease has run out.
 */
export async function isOrphaned(
  runId: string,
  leases: Leases,
  owners: Owners,
  clock: Clock,
): Promise<boolean> {
  const holder = await leases.peek(runLease(runId));
  if (!holder) return true;
  return !(owners.alive(holder.owner) ?? holder.expiresAtMs > clock.now());
}
