import type { DeploymentDefinition } from '../../delivery/definition.ts';
import type { ObservedFacts, ReleaseRequest } from '../../delivery/release-request.ts';
import type { Journal } from '../../store/contract.ts';
import { dispersionOf, isHealthy, timingsOf, trafficOf } from './observed.ts';
import { type KnownDeployment, quarantineAt, servingOf } from './past.ts';
import type { DeploymentRooms } from './rooms.ts';

/** What is known of a service in its environment before a deployment: by the journal, and by its places. */
export interface Present {
  readonly observed: ObservedFacts;
  readonly stable: ReleaseRequest['stable'];
  /** What a person should know. Sentences. */
  readonly findings: readonly string[];
  /** What keeps a deployment from beginning. Sentences with what to do. */
  readonly missing: readonly string[];
}

/** Looks at what serves, and asks its places how it is. `candidate`: the digest that is to come. */
export async function observe(
  journal: Journal,
  rooms: DeploymentRooms,
  history: readonly KnownDeployment[],
  definition: DeploymentDefinition,
  candidate: string,
): Promise<Present> {
  const serving = servingOf(history);
  const known = {
    ...timingsOf(history),
    dispersion: dispersionOf(history),
    quarantine: await quarantineAt(journal, candidate),
  };
  const { repository } = definition.source;
  const { service, environment } = definition;
  const places = await rooms.look({
    repository,
    service: definition.service.name,
    environment: definition.environment.name,
    candidate,
    stable: serving?.digest ?? null,
    definition: definition as unknown as NonNullable<Parameters<DeploymentRooms['look']>[0]['definition']>,
  });
  try {
    const drift = await places.target.drift().catch(() => []);
    return {
      observed: { ...known, ...(await trafficOf(places.router)), measurable: places.measurable },
      stable: serving && {
        digest: serving.digest,
        isHealthy: await isHealthy(places, serving.digest, [
          ...service.healthChecks,
          ...environment.healthChecks,
        ]),
      },
      missing: places.missing,
      findings: drift.map((sentence) => `drift: ${sentence}`),
    };
  } finally {
    await places.close();
  }
}
