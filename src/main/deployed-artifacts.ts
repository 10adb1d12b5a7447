import type { ArtifactStore } from '../artifact/contract.ts';
import { digestOf } from '../base/digest.ts';
import { type KnownDeployment, pastDeployments } from '../client/deployment/past.ts';
import type { Journal } from '../store/contract.ts';

/** So many proven releases of a service stay in each environment, the newest ones: what it may go back to. */
const PROVEN_MAX = 5;

/** A deployment of an artifact, as far as it says what has to be kept. */
export interface DeployedArtifact {
  readonly repository: string;
  readonly service: string;
  readonly environment: string;
  readonly by: string;
  readonly candidate: string;
  readonly stable: string | null;
  readonly artifact: { readonly digest: string; readonly runId: string; readonly name: string } | null;
  /** null: it is not over. */
  readonly end: {
    readonly atMs: number;
    readonly outcome: 'succeeded' | 'rolled-back' | 'cancelled' | 'stranded';
    readonly serving: string | null;
  } | null;
}

/**
 * Keeps what is deployed, or what a service may go back to, from expiring, and gives back what later releases have made needless.
 * `when`: to be called before anything expires, and again behind that with `release`, so that whoever deploys an old artifact at this very
 * moment finds it pinned again before it is ever looked at.
 */
export async function holdDeployed(
  journal: Journal,
  artifacts: ArtifactStore,
  when: 'keep' | 'release',
): Promise<void> {
  const groups = new Map<string, DeployedArtifact[]>();
  for await (const known of pastDeployments(journal, {})) {
    const one = deployedOf(known);
    const key = digestOf(JSON.stringify([one.repository, one.service, one.environment]));
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  for (const group of groups.values()) await holdGroup(group, artifacts, when);
}

async function holdGroup(
  group: readonly DeployedArtifact[],
  artifacts: ArtifactStore,
  when: 'keep' | 'release',
): Promise<void> {
  const needed = neededOf(group);
  const isLeft = ({ candidate }: DeployedArtifact) => needed.isComplete && !needed.digests.has(candidate);
  const wanted = group.filter((one) => (when === 'keep' ? needed.digests.has(one.candidate) : isLeft(one)));
  for (const { artifact, service, environment, by } of wanted) {
    if (artifact === null) continue;
    const ours = `${service} in ${environment} (`;
    for (const record of await artifacts.find(artifact)) {
      const pins = record.pinnedBy.filter((one) => one.startsWith(ours));
      if (when === 'release') for (const pin of pins) await artifacts.unpin(record, pin);
      else if (pins.length === 0) await artifacts.pin(record, `${ours}${by})`);
    }
  }
}

/**
 * The releases that one service needs in one environment: what serves, what comes or goes at the moment, and the last that were proven.
 * Not complete: what serves is not among these deployments, so that nothing can be told to be needless.
 */
export function neededOf(group: readonly DeployedArtifact[]): {
  readonly digests: ReadonlySet<string>;
  readonly isComplete: boolean;
} {
  const digests = new Set<string>();
  const add = (...all: (string | null)[]): void => {
    for (const one of all) if (one !== null) digests.add(one);
  };
  for (const { end, candidate, stable } of group) if (end === null) add(candidate, stable);
  const ended = group
    .filter(({ end }) => end !== null && end.outcome !== 'cancelled')
    .toSorted((a, b) => b.end!.atMs - a.end!.atMs);
  const proven = ended.filter(({ end }) => end!.outcome === 'succeeded').map(({ candidate }) => candidate);
  add(...[...new Set(proven)].slice(0, PROVEN_MAX));
  const [last] = ended;
  if (last) {
    add(last.end!.serving, last.stable);
    // It may serve on some of the hosts.
    if (last.end!.outcome === 'stranded') add(last.candidate);
  }
  return { digests, isComplete: last !== undefined };
}

function deployedOf({ requested, definition, past, events }: KnownDeployment): DeployedArtifact {
  const release = definition?.release;
  const last = events.at(-1)!;
  const { service, environment, by, candidate, stable } = past;
  return {
    repository: requested.repository,
    service,
    environment,
    by,
    candidate,
    stable,
    artifact:
      release?.kind === 'artifact'
        ? { digest: release.digest, runId: release.runId, name: release.name }
        : null,
    end:
      last.body.type === 'deployment.finished'
        ? { atMs: last.at, outcome: last.body.outcome, serving: last.body.serving }
        : null,
  };
}
