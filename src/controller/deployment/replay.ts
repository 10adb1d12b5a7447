import { apply, begin } from '../../delivery/machine/apply.ts';
import type { DeploymentState } from '../../delivery/machine/state.ts';
import type { DeploymentEvent } from '../../journal/deployment-event.ts';
import type { StoredEvent, Subject } from '../../journal/event.ts';
import { deploymentInboxStream, deploymentStream } from '../../journal/stream.ts';
import type { Journal } from '../../store/contract.ts';

/** A deployment as its journal has it. */
export interface Replayed {
  readonly state: DeploymentState;
  /** Of the last event. */
  readonly sequence: number;
  /** The last ask of the inbox that was taken. */
  readonly inboxSequence: number;
  readonly subject: Subject;
}

/** Folds a deployment's stream; null when there is no such deployment. */
export async function replayDeployment(journal: Journal, deploymentId: string): Promise<Replayed | null> {
  const [first, ...rest] = await journal.read(deploymentStream(deploymentId));
  if (first?.body.type !== 'deployment.requested') return null;
  let state = begin(first.body, first.at);
  let inboxSequence = 0;
  for (const event of rest) {
    state = apply(state, event.body as DeploymentEvent, event.at);
    inboxSequence = askedBy(event, deploymentId) ?? inboxSequence;
  }
  return { state, sequence: rest.length + 1, inboxSequence, subject: first.subject ?? {} };
}

function askedBy({ cause }: StoredEvent, deploymentId: string): number | null {
  const [stream, sequence] = cause?.split('#') ?? [];
  return stream === deploymentInboxStream(deploymentId) ? Number(sequence) : null;
}
