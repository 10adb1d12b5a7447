import { userError } from '../../base/diagnostic.ts';
import type { Clock } from '../../base/port.ts';
import { accountOf } from '../../journal/account.ts';
import type {
  DeploymentAskedEvent,
  DeploymentBinding,
  DeploymentEvent,
} from '../../journal/deployment-event.ts';
import type { Actor, StoredEvent } from '../../journal/event.ts';
import { deploymentInboxStream, deploymentStream } from '../../journal/stream.ts';
import { ConflictError, type Journal } from '../../store/contract.ts';
import type { TakenByDeployment, ToldDeployment } from './contract.ts';

export interface TellOptions {
  readonly journal: Journal;
  readonly clock: Clock;
  readonly actor: Actor;
  /** Names of the actor's teams. */
  readonly teams: readonly string[];
  /** Sees to it that somebody drives the deployment. */
  readonly awaken: () => Promise<unknown>;
}

/** An owner that lives, or was just started, looks into its inbox in less. */
const TAKEN_WITHIN_MS = 20_000;
const LOOK_MS = 50;

/** See `Deployments.tell`. `events`: all of the deployment so far. */
export async function tellDeployment(
  deploymentId: string,
  events: readonly StoredEvent<DeploymentEvent>[],
  told: ToldDeployment,
  options: TellOptions,
): Promise<TakenByDeployment> {
  const { journal, clock, actor, teams, awaken } = options;
  const request = events[0]!.body as Extract<DeploymentEvent, { type: 'deployment.requested' }>;
  const last = events.at(-1)!.body;
  if (last.type === 'deployment.finished') throw isOver(deploymentId, last.sentence);
  const by = accountOf(actor);
  const sequence = await write(deploymentId, asked(told, request.binding, teams), options);
  await awaken();
  const cause = `${deploymentInboxStream(deploymentId)}#${sequence}`;
  const untilMs = clock.monotonic() + TAKEN_WITHIN_MS;
  let seen = events.length;
  while (clock.monotonic() < untilMs) {
    const news = (await journal.read(
      deploymentStream(deploymentId),
      seen,
    )) as readonly StoredEvent<DeploymentEvent>[];
    for (const { body, cause: of, sequence: at } of news) {
      seen = at;
      if (of !== cause) {
        if (body.type === 'deployment.finished') throw isOver(deploymentId, body.sentence);
        continue;
      }
      if (body.type === 'deployment.approval-refused' || body.type === 'deployment.ask-ignored')
        throw userError(
          'deployment-ask-refused',
          `${deploymentId}: ${body.reason}`,
          `see what it waits for: sluice deployment show ${deploymentId}`,
        );
      return { by, sentence: takenSentence(told, by) };
    }
    await new Promise<void>((resolve) => clock.after(LOOK_MS, resolve));
  }
  return { by, sentence: 'written down, but the supervisor of the deployment has not taken it yet' };
}

function asked(
  told: ToldDeployment,
  binding: DeploymentBinding,
  teams: readonly string[],
): DeploymentAskedEvent {
  const { kind, reason } = told;
  switch (kind) {
    case 'approve':
    case 'reject': {
      const { artifact, plan } = binding;
      return { type: 'deployment.answered', decision: kind, teams, reason, artifact, plan };
    }
    case 'override':
      return { type: 'deployment.override-requested', reason };
    case 'proceed':
      return { type: 'deployment.proceed-requested', reason };
    case 'cancel':
      return { type: 'deployment.cancel-requested', reason };
  }
}

function takenSentence({ kind }: ToldDeployment, by: string): string {
  const words = {
    approve: `approved by ${by}`,
    reject: `rejected by ${by}`,
    override: `${by} lets it begin outside of its windows`,
    proceed: `${by} lets it go on`,
    cancel: 'it is cancelled: what was begun goes back',
  } as const;
  return words[kind];
}

async function write(
  deploymentId: string,
  body: DeploymentAskedEvent,
  { journal, clock, actor }: TellOptions,
): Promise<number> {
  const stream = deploymentInboxStream(deploymentId);
  for (;;) {
    const sequence = await journal.head(stream);
    try {
      await journal.append(stream, sequence, [{ schemaVersion: 1, at: clock.now(), actor, body }]);
      return sequence + 1;
    } catch (error) {
      if (!(error instanceof ConflictError)) throw error;
    }
  }
}

function isOver(deploymentId: string, sentence: string) {
  return userError(
    'deployment-over',
    `deployment ${deploymentId} is over: ${sentence}`,
    `see it: sluice deployment show ${deploymentId}`,
  );
}
