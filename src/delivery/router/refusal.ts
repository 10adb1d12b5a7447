import { visible } from '../../base/text.ts';
import type { Fence, RouterReply, Traffic } from './contract.ts';
import { isOlder } from './traffic.ts';

export type Refusal = Extract<RouterReply, { outcome: 'refused' }>;

/** What a router answers to a change that it cannot make. `reason` is a sentence. */
export function invalid(reason: string): Refusal {
  return { outcome: 'refused', cause: 'invalid', reason };
}

/** The answer to a change that comes too late for a router that has seen `seen`; null: it comes in time. */
export function lateness(fence: Fence, seen: Fence | null): Refusal | null {
  if (!isOlder(fence, seen)) return null;
  const { token, order } = fence;
  const reason = `order ${order} with token ${token} is older than order ${seen!.order} with token ${seen!.token}`;
  return { outcome: 'refused', cause: 'older-fence', reason };
}

/** The answer to draining or removing a version that still has weight; null: it has none. */
export function weightOf(version: string, traffic: Traffic | null): Refusal | null {
  const weight = traffic?.versions.find((one) => one.version === version)?.weightPercent ?? 0;
  if (weight === 0) return null;
  return invalid(`version ${visible(version)} has ${weight} % of the traffic; give it to another one first`);
}
