import { newId } from '../../base/id.ts';
import { decideRequest } from '../../delivery/machine/decide.ts';
import type { DeploymentRequested, DeploymentState } from '../../delivery/machine/state.ts';
import type { NewEvent, Subject } from '../../journal/event.ts';
import { deploymentStream } from '../../journal/stream.ts';
import type { Fence, Store } from '../../store/contract.ts';
import type { AcceptOptions, NewDeployment } from './contract.ts';
import type { Replayed } from './replay.ts';

/**
 * Accepts a deployment durably and does nothing more: whoever resumes it drives it. Resolves to its id. A plan that refuses itself is
 * accepted and over.
 */
export async function accept(options: AcceptOptions, request: NewDeployment): Promise<string> {
  const { clock, random } = options;
  const deploymentId = newId(clock.now(), random);
  await writeRequest(options, deploymentId, request, null);
  return deploymentId;
}

/** Writes the beginning of a deployment's stream. `fence`: of its owner, when it has one from the first. */
export async function writeRequest(
  { store, clock, owners, subject }: Omit<AcceptOptions, 'random'>,
  deploymentId: string,
  request: NewDeployment,
  fence: Fence | null,
): Promise<Replayed> {
  const requested: DeploymentRequested = { type: 'deployment.requested', deploymentId, ...request };
  const whole = subjectOf(requested, subject);
  const at = clock.now();
  const { state, events } = decideRequest(requested, at);
  const actor = { kind: 'controller', id: owners.self } as const;
  const entries = events.map(
    (body): NewEvent => ({
      schemaVersion: 1,
      at,
      actor,
      ...(body.type === 'deployment.requested' ? { subject: whole } : {}),
      body,
    }),
  );
  await append(store, state, entries, fence);
  return { state, sequence: entries.length, inboxSequence: 0, subject: whole };
}

async function append(
  { journal }: Store,
  { request }: DeploymentState,
  entries: readonly NewEvent[],
  fence: Fence | null,
): Promise<void> {
  const stream = deploymentStream(request.deploymentId);
  await (fence === null ? journal.append(stream, 0, entries) : journal.append(stream, 0, entries, fence));
}

function subjectOf(request: DeploymentRequested, subject: Subject): Subject {
  const { repository, service, environment, candidate, binding } = request;
  return {
    ...subject,
    repository,
    service,
    environment,
    artifactDigest: candidate as NonNullable<Subject['artifactDigest']>,
    ...(binding.commit === null ? {} : { commit: binding.commit }),
  };
}
