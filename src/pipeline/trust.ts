import type { JsonObject } from '../base/json.ts';
import type { Trust } from '../journal/event.ts';
import { pullRequestOf } from './pull-request.ts';

/** How far the code of a run is trusted, and why. */
export interface TrustVerdict {
  readonly trust: Trust;
  /** null: nothing speaks against it. */
  readonly reason: string | null;
}

/**
 * The lowest trust that anything speaks for: what was asked for, the event, and its payload. Never who wrote a commit, or
 * anything in the code. A pull request is of this repository only when its payload proves it; whatever the event is called,
 * a payload about the code of another repository makes the run untrusted.
 */
export function judgeTrust(
  event: { readonly name: string; readonly payload: JsonObject },
  isAskedUntrusted: boolean,
): TrustVerdict {
  if (isAskedUntrusted) return { trust: 'untrusted', reason: 'it was asked for with --untrusted' };
  const pull = pullRequestOf(event.payload);
  if (pull?.doubt) return { trust: 'untrusted', reason: pull.doubt };
  if (pull)
    return { trust: 'trusted', reason: 'the payload proves that the code comes from this repository' };
  if (!event.name.startsWith('pull_request')) return { trust: 'trusted', reason: null };
  return {
    trust: 'untrusted',
    reason: 'the event is a pull request, and no payload proves that it comes from this repository',
  };
}
