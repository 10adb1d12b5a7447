import { apply, begin } from '../../delivery/machine/apply.ts';
import type { DeploymentSummary } from './contract.ts';
import { shortDigest } from './fold.ts';
import type { KnownDeployment } from './past.ts';

/** A deployment in a line. */
export function summaryOf(
  { requested, definition, events, past }: KnownDeployment,
  orphaned: boolean,
): DeploymentSummary {
  const [first, ...rest] = events;
  let state = begin(requested, first!.at);
  // The evidence changes nothing that a line shows, and judging it again takes time.
  for (const { body, at } of rest) if (body.type !== 'deployment.observed') state = apply(state, body, at);
  const end = events.at(-1)!.body;
  const { deploymentId, kind, service, environment, candidate, stable, by, reason } = requested;
  return {
    deploymentId,
    kind,
    service,
    environment,
    candidate,
    version: definition?.release.version ?? shortDigest(candidate),
    stable,
    by,
    reason,
    requestedAtMs: first!.at,
    durationMs: end.type === 'deployment.finished' ? end.durationMs : null,
    phase: state.phase,
    outcome: state.outcome,
    candidatePercent: state.candidatePercent,
    sentence: past.sentence ?? past.rollback?.reason ?? null,
    orphaned,
  };
}
