import type { DeploymentEvent, DeploymentOutcome, RollbackTrigger } from '../journal/deployment-event.ts';

/** One deployment as the history of an environment shows it. */
export interface PastDeployment {
  readonly deploymentId: string;
  readonly service: string;
  readonly environment: string;
  readonly kind: 'release' | 'rollback';
  readonly candidate: string;
  readonly stable: string | null;
  readonly by: string;
  readonly atMs: number;
  /** null: it is not over. */
  readonly outcome: DeploymentOutcome | null;
  readonly sentence: string | null;
  /** Why it went back; null: it did not. */
  readonly rollback: {
    readonly trigger: RollbackTrigger;
    readonly reason: string;
    readonly by: string | null;
  } | null;
  /** It changed data on which the version before cannot run, and that was not taken back. */
  readonly bindsData: boolean;
}

interface TimedEvent {
  readonly at: number;
  readonly body: DeploymentEvent;
}

/** The history of one deployment from its stream; null when the stream does not begin with its request. */
export function historyOf(events: readonly TimedEvent[]): PastDeployment | null {
  const [first, ...rest] = events;
  if (first?.body.type !== 'deployment.requested') return null;
  const { deploymentId, service, environment, kind, candidate, stable, by, plan } = first.body;
  const wayBack = plan.wayBack as { readonly dataBreaks?: boolean } | undefined;
  let past: PastDeployment = {
    deploymentId,
    service,
    environment,
    kind,
    candidate,
    stable,
    by,
    atMs: first.at,
    outcome: null,
    sentence: null,
    rollback: null,
    bindsData: false,
  };
  for (const { body } of rest) {
    if (body.type === 'deployment.rollback-begun')
      past = { ...past, rollback: { trigger: body.trigger, reason: body.reason, by: body.by } };
    if (body.type === 'deployment.finished') {
      const isChanged = body.data === 'changed' || body.data === 'unknown';
      const bindsData = wayBack?.dataBreaks === true && isChanged;
      past = { ...past, outcome: body.outcome, sentence: body.sentence, bindsData };
    }
  }
  return past;
}
