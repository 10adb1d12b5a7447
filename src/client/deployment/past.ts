import type { DeploymentDefinition } from '../../delivery/definition.ts';
import type { DeploymentEvent, ReleaseEvent } from '../../journal/deployment-event.ts';
import type { StoredEvent } from '../../journal/event.ts';
import { DEPLOYMENT_STREAM_PREFIX, releaseStream } from '../../journal/stream.ts';
import { historyOf, type PastDeployment } from '../../rollback/history.ts';
import { quarantineOf } from '../../rollback/quarantine.ts';
import type { Journal } from '../../store/contract.ts';
import { shortDigest } from './fold.ts';

/** So many deployments are looked at. */
const RECENT_MAX = 1000;

type Requested = Extract<DeploymentEvent, { type: 'deployment.requested' }>;

/** A deployment with its events. */
export interface KnownDeployment {
  readonly requested: Requested;
  readonly definition: DeploymentDefinition | null;
  readonly events: readonly StoredEvent<DeploymentEvent>[];
  readonly past: PastDeployment;
}

export interface PastFilter {
  readonly repository?: string | undefined;
  readonly environment?: string | undefined;
  readonly service?: string | undefined;
}

/** Deployments that fit, newest first. */
export async function* pastDeployments(
  journal: Journal,
  filter: PastFilter,
): AsyncGenerator<KnownDeployment> {
  for (const stream of await journal.streams(DEPLOYMENT_STREAM_PREFIX, RECENT_MAX)) {
    const [first] = await journal.read(stream, 0, 1);
    const requested = first?.body;
    if (requested?.type !== 'deployment.requested' || !fits(requested, filter)) continue;
    const known = knownDeployment((await journal.read(stream)) as readonly StoredEvent<DeploymentEvent>[]);
    if (known) yield known;
  }
}

/** null when the events do not begin with a request. */
export function knownDeployment(events: readonly StoredEvent<DeploymentEvent>[]): KnownDeployment | null {
  const requested = events[0]?.body;
  const past = historyOf(events);
  if (requested?.type !== 'deployment.requested' || past === null) return null;
  return { requested, definition: definitionOf(requested), events, past };
}

/** What the request carries, as the type that it has. */
export function definitionOf({ definition }: Pick<Requested, 'definition'>): DeploymentDefinition | null {
  return (definition ?? null) as unknown as DeploymentDefinition | null;
}

function fits(requested: Requested, { repository, environment, service }: PastFilter): boolean {
  return (
    (repository === undefined || requested.repository === repository) &&
    (environment === undefined || requested.environment === environment) &&
    (service === undefined || requested.service === service)
  );
}

/**
 * All of one service in one environment, in the order in which they had the environment, and behind them those that never had it. Who
 * asked first may have waited for people until after others; so the token of the environment's lease tells, which only grows.
 */
export async function historyAt(
  journal: Journal,
  filter: Required<PastFilter>,
): Promise<readonly KnownDeployment[]> {
  const found: KnownDeployment[] = [];
  for await (const known of pastDeployments(journal, filter)) found.unshift(known);
  return found.toSorted((one, other) => tokenOf(one) - tokenOf(other));
}

function tokenOf({ events }: KnownDeployment): number {
  const last = events.findLast(({ body }) => body.type === 'deployment.admitted');
  return last?.body.type === 'deployment.admitted' ? last.body.token : Number.MAX_SAFE_INTEGER;
}

/** What serves, by the last deployment that is over and changed something; null: nothing was ever deployed, or nothing serves. */
export function servingOf(history: readonly KnownDeployment[]): {
  readonly digest: string;
  readonly deploymentId: string;
  readonly partly: readonly string[];
  readonly sinceMs: number;
} | null {
  for (const { events, requested } of history.toReversed()) {
    const last = events.at(-1)!;
    if (last.body.type !== 'deployment.finished') continue;
    const { outcome, serving, partly } = last.body;
    // Ended before anything was changed: what served before still does.
    if (outcome === 'cancelled') continue;
    if (serving === null) return null;
    return { digest: serving, deploymentId: requested.deploymentId, partly, sinceMs: last.at };
  }
  return null;
}

/** The versions of digests, by all deployments that brought them. Several may have the same: a commit that was built again. */
export function versionsOf(history: readonly KnownDeployment[]): Map<string, string> {
  const versions = new Map<string, string>();
  for (const { definition, past } of history)
    if (definition) versions.set(past.candidate, definition.release.version);
  return versions;
}

/** What people call digests: the version, and which one is meant where several digests have the same. */
export function namesOf(history: readonly KnownDeployment[]): Map<string, string> {
  return distinct(versionsOf(history));
}

/** Versions that tell their digests apart. */
export function distinct(versions: ReadonlyMap<string, string>): Map<string, string> {
  const counts = new Map<string, number>();
  for (const version of versions.values()) counts.set(version, (counts.get(version) ?? 0) + 1);
  return new Map(
    [...versions].map(([digest, version]) => [
      digest,
      counts.get(version) === 1 ? version : `${version} (${shortDigest(digest)})`,
    ]),
  );
}

/** Why a digest is in quarantine; null: it is not. */
export async function quarantineAt(journal: Journal, digest: string): Promise<string | null> {
  const events = await journal.read(releaseStream(digest));
  return quarantineOf(events.map(({ body }) => body as ReleaseEvent));
}
