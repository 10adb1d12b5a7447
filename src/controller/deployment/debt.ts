import type { Actor } from '../../journal/event.ts';
import { releaseStream } from '../../journal/stream.ts';
import { ConflictError, type Journal } from '../../store/contract.ts';
import { appendToEnvironment, type EnvironmentName } from './environment-journal.ts';

/** What a deployment owes others at its end. Each is written once for a deployment, however often it is asked for. */
export interface Debtor {
  readonly journal: Journal;
  readonly actor: Actor;
  readonly name: EnvironmentName;
  readonly deploymentId: string;
  readonly service: string;
  readonly now: number;
}

/** Puts a digest in quarantine. One that was lifted since stays lifted. */
export async function quarantine(debtor: Debtor, digest: string, reason: string): Promise<void> {
  const { journal, actor, deploymentId, service, now, name } = debtor;
  const stream = releaseStream(digest);
  for (;;) {
    const events = await journal.read(stream);
    if (events.some(({ body }) => body.type === 'release.quarantined' && body.deploymentId === deploymentId))
      return;
    const body = { type: 'release.quarantined', digest, service, deploymentId, reason } as const;
    const subject = { repository: name.repository, environment: name.environment, service };
    try {
      await journal.append(stream, events.length, [{ schemaVersion: 1, at: now, actor, subject, body }]);
      return;
    } catch (error) {
      if (!(error instanceof ConflictError)) throw error;
    }
  }
}

/** Says what the environment is to run from now on. */
export function pin(debtor: Debtor, digest: string, reason: string): Promise<void> {
  const { journal, name, actor, deploymentId, service, now } = debtor;
  return appendToEnvironment(journal, name, actor, now, (events) =>
    events.some((event) => event.type === 'environment.pinned' && event.deploymentId === deploymentId)
      ? null
      : { type: 'environment.pinned', service, digest, deploymentId, reason },
  );
}
