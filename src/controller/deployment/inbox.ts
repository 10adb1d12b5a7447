import type { DeploymentInput } from '../../delivery/machine/decide.ts';
import type { DeploymentState } from '../../delivery/machine/state.ts';
import { accountOf } from '../../journal/account.ts';
import type { DeploymentAskedEvent } from '../../journal/deployment-event.ts';
import type { StoredEvent } from '../../journal/event.ts';
import { deploymentInboxStream } from '../../journal/stream.ts';
import type { Journal } from '../../store/contract.ts';

type Ignored = Extract<DeploymentInput, { type: 'ignored' }>;

export type AskedInput = Extract<DeploymentInput, { type: Ignored['asked'] }>;

export interface InboxListener {
  /** One after the other, in the order of asking; `cause` names the event. */
  onAsked(input: AskedInput, cause: string): Promise<void>;
  onBroken(error: Error): void;
}

/** Hands on what is asked of a deployment, behind what was taken already. The returned function ends it. */
export function watchInbox(
  journal: Journal,
  deploymentId: string,
  takenSequence: number,
  listener: InboxListener,
): () => void {
  const stream = deploymentInboxStream(deploymentId);
  let taken = takenSequence;
  let work = Promise.resolve();
  const read = async () => {
    for (const event of await journal.read(stream, taken)) {
      taken = event.sequence;
      const input = inputOf(event);
      if (input !== null) await listener.onAsked(input, `${stream}#${event.sequence}`);
    }
  };
  const look = () => {
    work = work.then(read).catch((error: Error) => listener.onBroken(error));
  };
  const unwatch = journal.watch(stream, look);
  look();
  return unwatch;
}

/** What somebody asks, as the machine takes it. Who asks is who wrote the event, whatever it says. null: it is no such event. */
function inputOf({ body, actor }: StoredEvent): AskedInput | null {
  const by = accountOf(actor);
  const asked = body as DeploymentAskedEvent;
  switch (asked.type) {
    case 'deployment.answered': {
      const { decision, reason, artifact, plan } = asked;
      const teams = asked.teams.map((team) => `team/${team}`);
      return decision === 'approve'
        ? { type: 'approve', by, teams, reason, artifact, plan }
        : { type: 'reject', by, reason: reason ?? 'no reason was given' };
    }
    case 'deployment.override-requested':
      return { type: 'override', by, reason: asked.reason };
    case 'deployment.proceed-requested':
      return { type: 'proceed', by, reason: asked.reason };
    case 'deployment.cancel-requested':
      return { type: 'cancel', by, reason: asked.reason };
    case 'deployment.train-back-requested':
      return { type: 'train-back', by: asked.member, reason: asked.reason };
    default:
      return null;
  }
}

/** Why an ask changed nothing, in view of the state it came to. */
export function ignoredInput(input: AskedInput, state: DeploymentState): Ignored {
  return { type: 'ignored', by: input.by, asked: input.type, reason: whyIgnored(input, state) };
}

function whyIgnored(input: AskedInput, state: DeploymentState): string {
  if (state.phase === 'finished') return 'the deployment is over';
  switch (input.type) {
    case 'approve':
      return state.approvedBy.includes(input.by) ? `${input.by} has approved it already` : NOT_WAITING;
    case 'reject':
      return `${NOT_WAITING}; cancel it instead`;
    case 'override':
      return state.isOverridden ? 'windows and freezes hold it back no more' : NOT_WAITING;
    case 'proceed':
      return 'nothing is held, and nobody was asked';
    case 'cancel':
    case 'train-back':
      return 'it goes back already';
  }
}

const NOT_WAITING = 'it does not wait for permission';
