import type { ReleaseRequest } from '../delivery/release-request.ts';

/** A proven release is watched for a moment only. */
const BAKE_MS = 60_000;

/**
 * A release request in delivery's own words that brings a proven release back: at once, without weights or evidence, since it was
 * judged before. The running version counts as not healthy: nothing is compared with what is to go. Changes of data belong to
 * releases, so none is made on the way back.
 */
export function rollbackRequest(
  present: Omit<ReleaseRequest, 'candidate' | 'stable'>,
  goal: {
    readonly digest: string;
    readonly from: string;
  },
): ReleaseRequest {
  const { service, environment, strategy } = present;
  const type = strategy?.type ?? service.strategy?.type ?? environment.strategy?.type;
  return {
    ...present,
    service: { ...service, migrations: null },
    candidate: goal.digest,
    stable: { digest: goal.from, isHealthy: false, isToGo: true },
    strategy: { type: type === 'recreate' ? 'recreate' : 'blue_green', bakeMs: BAKE_MS },
  };
}
