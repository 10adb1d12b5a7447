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
const TIMEOUT_MS = 10_000;

interface Owner {
  readonly deploymentId: string;
  readonly service: string;
  readonly fence: Fence;
}

/** Has the target remove what earlier deployments of the service brought and nobody needs any more. What cannot be removed is left to the next. */
export async function sweepReleases(
  target: Target,
  journal: Journal,
  name: EnvironmentName,
  owner: Owner,
): Promise<void> {
  const digests = await broughtUntil(journal, name, owner);
  await onHosts(target.hosts, (host) => stopOthers(target, host, digests, owner));
  await onHosts(target.hosts, (host) =>
    removeFrom(target, host, digests.slice(STAY, STAY + LOOKED_AT), owner),
  );
}

/** A host that does not answer is asked no more. */
async function removeFrom(
  target: Target,
  host: string,
  digests: readonly string[],
  { deploymentId, fence }: Owner,
): Promise<void> {
  for (const digest of digests) {
    const key = `${deploymentId}/remove/${digest}/${host}`;
    const reply = await target.remove({ key, fence, host, timeoutMs: TIMEOUT_MS }, digest).catch(() => null);
    if (reply === null || reply.outcome === 'unknown') return;
  }
}

/** What a partial way back left running beside what serves now gets no traffic any more. */
async function stopOthers(
  target: Target,
  host: string,
  digests: readonly string[],
  { deploymentId, fence }: Owner,
): Promise<void> {
  const [serving, ...before] = digests;
  const running = await target.instances(host).catch(() => []);
  const others = new Set(running.map(({ digest }) => digest));
  for (const digest of before.filter((one) => one !== serving && others.has(one))) {
    const key = `${deploymentId}/stop/${digest}/${host}`;
    await target.stop({ key, fence, host, timeoutMs: TIMEOUT_MS }, digest).catch(() => null);
  }
}

/** Digests of the service's releases in the environment, from the owner's own back: what waits behind it is none of its business. */
async function broughtUntil(
  journal: Journal,
  name: EnvironmentName,
  { deploymentId, service }: Owner,
): Promise<readonly string[]> {
  const claims = (await readEnvironment(journal, name)).flatMap((event) =>
    event.type === 'environment.claimed' && event.service === service ? [event.deploymentId] : [],
  );
  const digests = new Set<string>();
  for (const id of claims.slice(0, claims.lastIndexOf(deploymentId) + 1).toReversed()) {
    const [first] = await journal.read(deploymentStream(id), 0, 1);
    if (first?.body.type === 'deployment.requested') digests.add(first.body.candidate);
    if (digests.size >= STAY + LOOKED_AT) break;
  }
  return [...digests];
}
