import type { EnvironmentEvent } from '../journal/deployment-event.ts';

/** Whose turn it is in an environment, by the order of the claims in its stream. */
export interface Turns {
  /** May change the environment; null: nobody asks. */
  readonly holder: string | null;
  /** In the order in which they come. */
  readonly waiting: readonly string[];
  /** To be told that a newer deployment of the same service takes their place, and which. */
  readonly superseded: readonly { readonly deploymentId: string; readonly by: string }[];
}

type Claim = Extract<EnvironmentEvent, { type: 'environment.claimed' }>;

/**
 * One rollout at a time in an environment: the earliest claim that was not released holds it. A newer deployment of the same service
 * takes the place of those that still wait, since what they bring is older. With the policy `supersede` the holder has to go too:
 * it goes back first, to the end, and only then the next one begins, with evidence of its own.
 */
export function turnsOf(events: readonly EnvironmentEvent[]): Turns {
  const open: Claim[] = [];
  for (const event of events) {
    const index =
      'deploymentId' in event ? open.findIndex((one) => one.deploymentId === event.deploymentId) : -1;
    if (event.type === 'environment.claimed' && index < 0) open.push(event);
    if (event.type === 'environment.released' && index >= 0) open.splice(index, 1);
  }
  const [holder, ...others] = open;
  if (holder === undefined) return { holder: null, waiting: [], superseded: [] };
  const newest = (service: string) => others.findLast((one) => one.service === service) ?? null;
  const superseded = others.flatMap(({ deploymentId, service }) => {
    const by = newest(service)!.deploymentId;
    return by === deploymentId ? [] : [{ deploymentId, by }];
  });
  const next = newest(holder.service);
  const isPushed = next !== null && next.policy === 'supersede';
  return {
    holder: holder.deploymentId,
    waiting: others
      .map(({ deploymentId }) => deploymentId)
      .filter((id) => !superseded.some(({ deploymentId }) => deploymentId === id)),
    superseded: isPushed
      ? [{ deploymentId: holder.deploymentId, by: next.deploymentId }, ...superseded]
      : superseded,
  };
}
