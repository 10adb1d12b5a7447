import type { DeploymentEvent, EnvironmentEvent } from '../../journal/deployment-event.ts';
import type { Actor } from '../../journal/event.ts';
import { deploymentStream, environmentStream } from '../../journal/stream.ts';
import { ConflictError, type Journal } from '../../store/contract.ts';

/** An environment of a repository. */
export interface EnvironmentName {
  readonly repository: string;
  readonly environment: string;
}

/** All that happened to an environment, in order. */
export async function readEnvironment(
  journal: Journal,
  { repository, environment }: EnvironmentName,
): Promise<readonly EnvironmentEvent[]> {
  const events = await journal.read(environmentStream(repository, environment));
  return events.map(({ body }) => body as EnvironmentEvent);
}

/** Writes what `choose` makes of the present events; null: nothing. Somebody who was quicker is read again. */
export async function appendToEnvironment(
  journal: Journal,
  name: EnvironmentName,
  actor: Actor,
  at: number,
  choose: (events: readonly EnvironmentEvent[]) => EnvironmentEvent | null,
): Promise<void> {
  const stream = environmentStream(name.repository, name.environment);
  for (;;) {
    const events = await readEnvironment(journal, name);
    const body = choose(events);
    if (body === null) return;
    try {
      const { repository, environment } = name;
      const subject = { repository, environment };
      await journal.append(stream, events.length, [{ schemaVersion: 1, at, actor, subject, body }]);
      return;
    } catch (error) {
      if (!(error instanceof ConflictError)) throw error;
    }
  }
}

/** What serves, by the journal. */
export interface Serving {
  /** null: nothing. */
  readonly digest: string | null;
  /** With any, it serves on these hosts only. */
  readonly partly: readonly string[];
  /** Since this deployment; null: there was none. */
  readonly deploymentId: string | null;
  readonly sinceMs: number | null;
}

/**
 * What a service's last deployment that changed anything left behind in an environment. Deployments that wait or go on are passed over.
 */
export async function servingIn(journal: Journal, name: EnvironmentName, service: string): Promise<Serving> {
  const claims = (await readEnvironment(journal, name)).filter(
    (event) => event.type === 'environment.claimed' && event.service === service,
  );
  // The environment is had in the order of the claims, so the newest that changed anything was the last to do so.
  for (const deploymentId of new Set(claims.map((claim) => claim.deploymentId).toReversed())) {
    const end = await endOf(journal, deploymentId);
    if (end !== null) return end;
  }
  return { digest: null, partly: [], deploymentId: null, sinceMs: null };
}

async function endOf(journal: Journal, deploymentId: string): Promise<Serving | null> {
  const stream = deploymentStream(deploymentId);
  const head = await journal.head(stream);
  const [last] = head === 0 ? [] : await journal.read(stream, head - 1, 1);
  const body = last?.body as DeploymentEvent | undefined;
  // One that was cancelled changed nothing, and what it believed to serve may be wrong.
  if (body?.type !== 'deployment.finished' || body.outcome === 'cancelled') return null;
  const { serving, partly } = body;
  return { digest: serving, partly, deploymentId, sinceMs: last!.at };
}
