import type { Fence } from '../../delivery/fence.ts';
import type { Target } from '../../delivery/target/contract.ts';
import { deploymentStream } from '../../journal/stream.ts';
import type { Journal } from '../../store/contract.ts';
import { onHosts } from './effect/scene.ts';
import { type EnvironmentName, readEnvironment } from './environment-journal.ts';

/** What runs and what it would go back to stay in any case; a target keeps as many more as it is told to. */
const STAY = 2;
/** Each deployment removes what came before, so few are left. */
const LOOKED_AT = 8;
const TIMEOUT_MS = 30_000;

/** Has the target remove what earlier deployments of the service brought and nobody needs any more. What cannot be removed is left to the next. */
export async function sweepReleases(
  target: Target,
  journal: Journal,
  name: EnvironmentName,
  owner: { readonly deploymentId: string; readonly service: string; readonly fence: Fence },
): Promise<void> {
  const digests = await broughtBefore(journal, name, owner.service);
  for (const digest of digests.slice(STAY, STAY + LOOKED_AT))
    await onHosts(target.hosts, (host) =>
      target
        .remove(
          {
            key: `${owner.deploymentId}/remove/${digest}/${host}`,
            fence: owner.fence,
            host,
            timeoutMs: TIMEOUT_MS,
          },
          digest,
        )
        .catch(() => null),
    );
}

/** Digests of the service's releases in the environment, the newest first. */
async function broughtBefore(
  journal: Journal,
  name: EnvironmentName,
  service: string,
): Promise<readonly string[]> {
  const claims = (await readEnvironment(journal, name)).toReversed();
  const digests = new Set<string>();
  for (const claim of claims) {
    if (claim.type !== 'environment.claimed' || claim.service !== service) continue;
    const [first] = await journal.read(deploymentStream(claim.deploymentId), 0, 1);
    if (first?.body.type === 'deployment.requested') digests.add(first.body.candidate);
    if (digests.size >= STAY + LOOKED_AT) break;
  }
  return [...digests];
}
