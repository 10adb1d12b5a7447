import { unreachable } from '../../base/unreachable.ts';
import type { DeploymentEvent } from '../../journal/deployment-event.ts';
import { begin, isWatching } from './apply.ts';
import { goBack } from './back.ts';
import { deadlineTimer, limitOf, setDeadlines } from './deadline.ts';
import { closeUp, finish, quarantine, stepTitle } from './finish.ts';
import {
  type ApprovalGiven,
  seekPermission,
  takeApproval,
  takeOverride,
  takeRejection,
  whatIsMissing,
} from './permission.ts';
import { type EffectResult, type ProbeResult, stepFailed, takeProbe, takeResult } from './result.ts';
import { type DeploymentRequested, type DeploymentState, presentStep, wayOf } from './state.ts';
import { beginNext, observe, pause, probe, probeTimer, retryTimer, start } from './step.ts';
import { TRANSITIONS } from './transition.ts';
import { type Decided, Turn } from './turn.ts';
import { doubtOf, type Look, leave, policyOf, takeLook } from './watch.ts';

/** What the world tells a deployment. Told twice, or too late, an input changes nothing. */
export type DeploymentInput =
  /** A process became the owner: everything outstanding is asked for, again with `resumed`. */
  | { readonly type: 'owned'; readonly owner: string; readonly fence: number; readonly resumed: boolean }
  | { readonly type: 'queued'; readonly behind: readonly string[] }
  /** It has the environment. `running`: the digest that serves there now; null: nothing does. */
  | { readonly type: 'admitted'; readonly token: number; readonly running: string | null }
  | { readonly type: 'superseded'; readonly by: string }
  | ({ readonly type: 'approve' } & ApprovalGiven)
  | { readonly type: 'reject'; readonly by: string; readonly reason: string }
  /** Lets it begin outside of windows, or in a freeze. */
  | { readonly type: 'override'; readonly by: string; readonly reason: string }
  | ({ readonly type: 'result' } & EffectResult)
  | ({ readonly type: 'probed' } & ProbeResult)
  | ({ readonly type: 'window' } & Look)
  /** An alert or a script of the plan fired. */
  | { readonly type: 'alarm'; readonly name: string; readonly reason: string }
  /** Instances of a version are down and do not come back by themselves. */
  | {
      readonly type: 'unhealthy';
      readonly version: 'candidate' | 'stable';
      readonly host: string;
      readonly reason: string;
    }
  | { readonly type: 'timer'; readonly id: string }
  /** A person lets a held step, or a candidate that should go back, go on. */
  | { readonly type: 'proceed'; readonly by: string; readonly reason: string }
  /** A person wants it gone: before the first step it ends, later it goes back. */
  | { readonly type: 'cancel'; readonly by: string; readonly reason: string }
  /** Another member of its train goes back. */
  | { readonly type: 'train-back'; readonly by: string; readonly reason: string }
  /** What somebody asked for was no news to the machine; it is written down, so that it is not asked again later. */
  | ({ readonly type: 'ignored' } & Omit<
      Extract<DeploymentEvent, { type: 'deployment.ask-ignored' }>,
      'type'
    >)
  /** Something that a person should see. */
  | { readonly type: 'warning'; readonly message: string };

/** Accepts a deployment. A plan that refuses itself ends at once. */
export function decideRequest(request: DeploymentRequested, now: number): Decided {
  const turn = new Turn(begin(request, now), now);
  turn.events.push(request);
  const [refusal] = turn.state.plan.refusals;
  if (refusal !== undefined) finish(turn, 'cancelled', refusal);
  else {
    setDeadlines(turn);
    seekPermission(turn);
  }
  return turn;
}

/** The machine's one function: pure, and the same for the same arguments. */
export function decide(state: DeploymentState, input: DeploymentInput, now: number): Decided {
  const turn = new Turn(state, now);
  if (state.phase === 'finished') {
    // The owner may have died between the end and what it owes.
    if (input.type === 'owned') closeUp(turn);
    return turn;
  }
  take(turn, input);
  return turn;
}

function take(turn: Turn, input: DeploymentInput): void {
  const { state } = turn;
  switch (input.type) {
    case 'owned': {
      const { owner, fence, resumed } = input;
      turn.emit({ type: 'deployment.owned', owner, fence, resumed });
      askAgain(turn);
      return;
    }
    case 'queued':
      if (state.phase === 'queued' && state.behind.join() !== input.behind.join())
        turn.emit({ type: 'deployment.queued', behind: input.behind });
      return;
    case 'admitted':
      takeAdmission(turn, input.token, input.running);
      return;
    case 'superseded':
      if (!state.isBaked) goBack(turn, 'superseded', `${input.by} takes its place`);
      return;
    case 'approve':
      takeApproval(turn, input);
      return;
    case 'reject':
      takeRejection(turn, input.by, input.reason);
      return;
    case 'override':
      takeOverride(turn, input.by, input.reason);
      return;
    case 'result':
      takeResult(turn, input);
      return;
    case 'probed':
      takeProbe(turn, input);
      return;
    case 'window':
      takeLook(turn, input);
      return;
    case 'alarm':
      if (isExposed(state) && !state.isOverruled)
        goBack(turn, 'alarm', `${input.name} fired: ${input.reason}`);
      return;
    case 'unhealthy':
      if (input.version === 'candidate' && isExposed(state))
        goBack(turn, 'health', `the candidate version on ${input.host}: ${input.reason}`);
      return;
    case 'timer':
      takeTimer(turn, input.id);
      return;
    case 'proceed':
      takeProceed(turn, input.by, input.reason);
      return;
    case 'cancel':
      goBack(turn, 'asked', `${input.by}: ${input.reason}`, input.by);
      return;
    case 'train-back':
      goBack(turn, 'train', `${input.by} goes back: ${input.reason}`);
      return;
    case 'ignored': {
      const { by, asked, reason } = input;
      turn.emit({ type: 'deployment.ask-ignored', by, asked, reason });
      return;
    }
    case 'warning':
      turn.emit({ type: 'deployment.warning', message: input.message });
      return;
    default:
      unreachable(input, 'every input of a deployment is taken');
  }
}

/** The candidate was started and is not proven: what it does decides. */
function isExposed(state: DeploymentState): boolean {
  return state.begun.candidate && !state.isBaked && wayOf(state) === 'forth' && state.phase !== 'asking';
}

/** For a new owner. The effects wait until the environment's lease is had again. */
function askAgain(turn: Turn): void {
  setDeadlines(turn);
  quarantine(turn);
  if (turn.state.phase === 'waiting') seekPermission(turn);
  else turn.commands.push({ type: 'claim-environment' });
}

function takeAdmission(turn: Turn, token: number, running: string | null): void {
  const { state } = turn;
  if (state.phase === 'waiting' || (state.token !== null && state.token >= token)) return;
  turn.emit({ type: 'deployment.admitted', token });
  switch (state.phase) {
    case 'queued':
      beginFirst(turn, running);
      return;
    case 'forth-acting':
    case 'forth-probing':
    case 'back-acting':
    case 'back-probing':
      probe(turn, 'the owner changed');
      return;
    case 'forth-pausing':
    case 'back-pausing':
      pause(turn);
      return;
    case 'watching':
    case 'held':
      observe(turn);
      return;
    case 'asking':
    case 'finished':
      return;
    default:
      unreachable(state.phase, 'every phase goes on with a new owner');
  }
}

function beginFirst(turn: Turn, running: string | null): void {
  const { stable } = turn.state.request;
  if (running !== stable) {
    const now = running ?? 'nothing';
    finish(
      turn,
      'cancelled',
      `it was planned while ${stable ?? 'nothing'} served, but now ${now} does; deploy again`,
    );
    return;
  }
  const missing = whatIsMissing(turn);
  if (missing === null) {
    beginNext(turn);
    return;
  }
  turn.emit({ type: 'deployment.waiting', ...missing });
  turn.commands.push({ type: 'release-environment' });
  setDeadlines(turn);
  seekPermission(turn);
}

function takeProceed(turn: Turn, by: string, reason: string): void {
  const { state } = turn;
  if (state.phase !== 'held' && state.phase !== 'asking') return;
  const isWatched = isWatching(state);
  turn.emit({ type: 'deployment.proceeded', by, reason });
  if (isWatched) leave(turn, `${by} lets it go on: ${reason}`);
  else goOnAnyway(turn);
}

/** From where it was stopped: what was on its way is asked about, a failed command is passed over, all else is done again. */
function goOnAnyway(turn: Turn): void {
  const { state } = turn;
  const step = presentStep(state)!;
  if (state.intent !== null) {
    probe(turn, 'it was on its way when a person was asked');
    setDeadlines(turn);
  } else if (step.action.type === 'command') beginNext(turn);
  else start(turn, step, state.attempt + 1);
}

function takeTimer(turn: Turn, id: string): void {
  const { state } = turn;
  if (id === deadlineTimer(state)) passDeadline(turn);
  else if (id === 'deployment' && state.startedAtMs !== null && wayOf(state) === 'forth' && !state.isBaked) {
    const limitMs = state.plan.deadlineMs;
    if (state.phase === 'asking') return;
    turn.emit({ type: 'deployment.deadline-passed', scope: 'deployment', limitMs });
    goBack(turn, 'deadline', 'the deployment took longer than it may');
  } else if (id === 'way-back' && state.rollback !== null) {
    const limitMs = state.plan.wayBack.deadlineMs;
    turn.emit({ type: 'deployment.deadline-passed', scope: 'way-back', limitMs });
    finish(turn, 'stranded', `the way back took longer than it may, at "${stepTitle(state)}"`);
  } else if (id === 'opening') seekPermission(turn);
  else if (id === retryTimer(state) && isPausing(state)) start(turn, presentStep(state)!, state.attempt + 1);
  else if (id === probeTimer(state) && isProbing(state)) probe(turn, 'it is still not known');
}

const isPausing = ({ phase }: DeploymentState) => phase === 'forth-pausing' || phase === 'back-pausing';
const isProbing = ({ phase }: DeploymentState) => phase === 'forth-probing' || phase === 'back-probing';

function passDeadline(turn: Turn): void {
  const { state } = turn;
  const scope = TRANSITIONS[state.phase].deadline!;
  const event: DeploymentEvent = { type: 'deployment.deadline-passed', scope, limitMs: limitOf(state)! };
  turn.emit(event);
  switch (state.phase) {
    case 'waiting':
      finish(turn, 'cancelled', 'nobody let it begin in time');
      return;
    case 'queued':
      finish(turn, 'cancelled', 'the environment did not become free in time');
      return;
    case 'asking':
      goBack(turn, state.asked!.trigger, `${state.asked!.reason}; nobody decided in time`);
      return;
    case 'watching':
    case 'held': {
      const doubt = doubtOf(state) ?? { verdict: 'undecided', reason: state.watch.reason };
      const policy = policyOf(state, doubt);
      // What is held goes back in production; elsewhere nobody is harmed, and the story says what was missing.
      const isLet =
        policy === 'proceed' || (policy === 'hold' && state.plan.environmentType !== 'production');
      if (isLet) leave(turn, `${doubt.reason}; the plan lets it go on`);
      else goBack(turn, doubt.verdict, `${doubt.reason}, to the end of its time`);
      return;
    }
    case 'back-acting':
    case 'back-probing':
    case 'back-pausing':
    case 'forth-acting':
    case 'forth-probing':
    case 'forth-pausing':
      stepFailed(turn, 'deadline', `${stepTitle(state)}: it took longer than it may`);
      return;
    case 'finished':
      return;
    default:
      unreachable(state.phase, 'every phase has a deadline');
  }
}
