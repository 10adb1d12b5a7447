import type { Clock } from '../../base/port.ts';
import type { DeploymentEvent } from '../../journal/deployment-event.ts';
import { DEPLOYMENT_STREAM_PREFIX, deploymentLease, deploymentStream } from '../../journal/stream.ts';
import type { Store } from '../../store/contract.ts';
import type { Owners } from '../contract.ts';
import { isOpen } from './claim.ts';
import { readEnvironment } from './environment-journal.ts';

export interface Witness {
  readonly store: Store;
  readonly owners: Owners;
  readonly clock: Clock;
}

/** A supervisor takes the lease within so long after its deployment was accepted, on a machine that has time. */
const START_MS = 5000;

/**
 * Whether nobody drives the deployment: it has no owner and its first one is not just being started, its owner's process is gone, or -
 * for an owner on another machine, which cannot be asked - its lease has run out. It says nothing about whether there is something left
 * to do.
 */
export async function isDeploymentOrphaned(
  { store, owners, clock }: Witness,
  deploymentId: string,
): Promise<boolean> {
  const holder = await store.leases.peek(deploymentLease(deploymentId));
  if (!holder) return !(await isBeingStarted(store, clock.now(), deploymentId));
  return !(owners.alive(holder.owner) ?? holder.expiresAtMs > clock.now());
}

/** Whether it was accepted a moment ago and had no owner yet. */
async function isBeingStarted({ journal }: Store, now: number, deploymentId: string): Promise<boolean> {
  // An owner names itself among the first.
  const events = await journal.read(deploymentStream(deploymentId), 0, 10);
  const ageMs = now - (events[0]?.at ?? Number.NEGATIVE_INFINITY);
  const isNew = ageMs >= 0 && ageMs < START_MS;
  return isNew && !events.some(({ body }) => body.type === 'deployment.owned');
}

/** Whether a deployment is not over, or still owes others something, such as the environment. */
export async function isUnfinished({ journal }: Store, deploymentId: string): Promise<boolean> {
  const stream = deploymentStream(deploymentId);
  const head = await journal.head(stream);
  if (head === 0) return false;
  const [last] = await journal.read(stream, head - 1, 1);
  if ((last!.body as DeploymentEvent).type !== 'deployment.finished') return true;
  const [first] = await journal.read(stream, 0, 1);
  if (first?.body.type !== 'deployment.requested') return false;
  // Giving the environment back is the last thing that is owed.
  return isOpen(await readEnvironment(journal, first.body), deploymentId);
}

/** Deployments that somebody should take over, newest first, among the newest `limit`. */
export async function findOrphans(witness: Witness, limit = 100): Promise<readonly string[]> {
  const { store } = witness;
  const streams = await store.journal.streams(DEPLOYMENT_STREAM_PREFIX, limit);
  const orphans: string[] = [];
  for (const stream of streams) {
    const deploymentId = stream.slice(DEPLOYMENT_STREAM_PREFIX.length);
    if ((await isUnfinished(store, deploymentId)) && (await isDeploymentOrphaned(witness, deploymentId)))
      orphans.push(deploymentId);
  }
  return orphans;
}
