import type { DeploymentOutcome } from '../../journal/deployment-event.ts';
import type { StepAction } from '../plan.ts';
import { type DeploymentState, presentStep } from './state.ts';
import type { Turn } from './turn.ts';

/** Ends the deployment. What serves then follows from the traffic that the router confirmed. */
export function finish(turn: Turn, outcome: DeploymentOutcome, sentence: string): void {
  const { state, now } = turn;
  const { candidate, stable } = state.request;
  const isPartly = outcome === 'rolled-back' && state.route === 'part';
  const isCandidate = outcome === 'succeeded' || (outcome === 'stranded' && state.candidatePercent === 100);
  turn.emit({
    type: 'deployment.finished',
    outcome,
    sentence,
    durationMs: Math.max(0, now - state.requestedAtMs),
    serving: isCandidate ? candidate : stable,
    partly: isPartly ? state.plan.wayBack.only : [],
    data: state.data,
  });
  closeUp(turn);
}

/** What the host owes after the end. A new owner of a deployment that is over does it again. */
export function closeUp(turn: Turn): void {
  const { state } = turn;
  const { candidate, stable } = state.request;
  turn.commands.push({ type: 'stop-observing' });
  quarantine(turn);
  if (state.outcome === 'succeeded')
    turn.commands.push({ type: 'pin', digest: candidate, reason: 'it is proven' });
  if (state.outcome === 'rolled-back' && stable !== null && state.rollback)
    turn.commands.push({ type: 'pin', digest: stable, reason: state.rollback.reason });
  turn.commands.push({ type: 'release-environment' });
  turn.commands.push({ type: 'finish', outcome: state.outcome! });
}

/** A candidate that harmed is taken nowhere else. */
export function quarantine(turn: Turn): void {
  const found = turn.state.rollback;
  if (found === null || !isItsFault(found, turn.state)) return;
  const { candidate } = turn.state.request;
  turn.commands.push({ type: 'quarantine', digest: candidate, reason: found.reason });
}

/** Evidence that never came, a newer release and an unreachable router say nothing about the candidate. */
function isItsFault({ trigger, during }: Turned, { begun, request }: DeploymentState): boolean {
  switch (trigger) {
    case 'harm':
    case 'alarm':
    case 'health':
      return true;
    case 'asked':
      // Whoever does not want to go back after all has nothing against the release that was proven.
      return begun.candidate && request.kind === 'release';
    case 'step-failed':
      return begun.candidate && during !== null && isItsOwn(during);
    case 'deadline':
    case 'undecided':
    case 'no-data':
    case 'superseded':
    case 'train':
      return false;
  }
}

type Turned = NonNullable<DeploymentState['rollback']>;

/** Whether what the candidate is decides if the step succeeds, and not router, source or the version before. */
function isItsOwn(action: StepAction): boolean {
  switch (action.type) {
    case 'start':
    case 'await-healthy':
      return action.version === 'candidate';
    case 'command':
      return action.purpose === 'smoke-test' || action.purpose === 'migration-up';
    case 'check-way-back':
    case 'freeze-quantiles':
    case 'set-weight':
    case 'observe':
    case 'bake':
    case 'drain':
    case 'stop':
      return false;
  }
}

/** The title of the present step, for sentences. */
export function stepTitle(state: DeploymentState): string {
  return presentStep(state)?.title ?? 'the first step';
}
