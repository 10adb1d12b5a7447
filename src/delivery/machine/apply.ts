import { unreachable } from '../../base/unreachable.ts';
import type { DeploymentEvent } from '../../journal/deployment-event.ts';
import { beginJudging, judge } from '../analysis/judge.ts';
import type { Window } from '../analysis/window.ts';
import type { DeploymentPlan, StepAction } from '../plan.ts';
import { type DeploymentRequested, type DeploymentState, NO_WATCH, presentStep, stepsOf } from './state.ts';
import { mayFollow, type Phase } from './transition.ts';

/** The state of a deployment that was just asked for. */
export function begin({ plan: packed, ...request }: DeploymentRequested, at: number): DeploymentState {
  const plan = packed as unknown as DeploymentPlan;
  return {
    request,
    plan,
    requestedAtMs: at,
    phase: 'waiting',
    epoch: 1,
    sinceMs: at,
    owner: null,
    token: null,
    approvedBy: [],
    isOverridden: false,
    waitingFor: null,
    behind: [],
    startedAtMs: null,
    looks: 0,
    evidenceMs: 0,
    route: null,
    rollback: null,
    step: -1,
    attempt: 0,
    probes: 0,
    intent: null,
    order: 0,
    isPlaceAtFault: false,
    candidatePercent: 0,
    judge: plan.analysis ? beginJudging(plan.analysis.policy) : null,
    watch: NO_WATCH,
    outputs: {},
    begun: { candidate: false, stableEnd: false, dataUp: false, dataDown: false },
    data: 'unchanged',
    isBaked: false,
    isOverruled: false,
    asked: null,
    warnings: 0,
    outcome: null,
  };
}

/** The state after an event that happened at `at`. Pure; decides nothing. Replaying a journal is a fold with it. */
export function apply(state: DeploymentState, event: DeploymentEvent, at: number): DeploymentState {
  switch (event.type) {
    case 'deployment.requested':
      return begin(event, at);
    case 'deployment.owned':
      // A new owner has the environment's lease only when it is told so.
      return { ...state, owner: event.owner, token: event.resumed ? null : state.token };
    case 'deployment.waiting': {
      const waitingFor = waitingText(event);
      return state.phase === 'waiting'
        ? { ...state, waitingFor }
        : { ...enter(state, 'waiting', at), waitingFor, token: null };
    }
    case 'deployment.approved':
      return { ...state, approvedBy: [...state.approvedBy, event.by] };
    case 'deployment.window-overridden':
      return { ...state, isOverridden: true };
    case 'deployment.permitted':
      return enter(state, 'queued', at);
    case 'deployment.queued':
      return { ...state, behind: event.behind };
    case 'deployment.admitted':
      return { ...state, token: event.token };
    case 'deployment.step-started':
      return applyStarted(state, event, at);
    case 'deployment.step-unknown':
      return {
        ...move(state, state.route === null ? 'forth-probing' : 'back-probing', at),
        probes: state.probes + 1,
      };
    case 'deployment.step-repeated':
      return to(state, state.route === null ? 'forth-acting' : 'back-acting');
    case 'deployment.step-finished':
      return applyFinished(state, event);
    case 'deployment.weight-set':
      return { ...state, candidatePercent: event.candidatePercent };
    case 'deployment.observed':
      return applyObserved(state, event);
    case 'deployment.held':
      return to(state, 'held');
    case 'deployment.proceeded':
      return { ...state, isOverruled: state.phase === 'asking' || state.isOverruled, asked: null };
    case 'deployment.decision-asked':
      return {
        ...enter(state, 'asking', at),
        asked: { trigger: event.trigger, reason: event.reason },
      };
    case 'deployment.rollback-begun': {
      const { trigger, reason, route } = event;
      const during = state.isPlaceAtFault ? null : (presentStep(state)?.action ?? null);
      const rollback = { trigger, reason, route, atMs: at, during };
      return { ...onRoute(state, route), asked: null, rollback };
    }
    case 'deployment.rerouted':
      return onRoute(state, event.route);
    case 'deployment.baked':
      return { ...state, isBaked: true };
    case 'deployment.warning':
      return { ...state, warnings: state.warnings + 1 };
    case 'deployment.finished':
      return { ...enter(state, 'finished', at), intent: null, outcome: event.outcome };
    case 'deployment.rejected':
    case 'deployment.approval-refused':
    case 'deployment.ask-ignored':
    case 'deployment.deadline-passed':
      return state;
    default:
      return unreachable(event, 'every deployment event changes the state in a known way');
  }
}

/** What stands for a wait, so that the same one is told once. */
export function waitingText(waiting: {
  readonly approvalsLeft: number;
  readonly closed: string | null;
}): string {
  return `${waiting.approvalsLeft} ${waiting.closed ?? ''}`;
}

/** To another phase under the same deadline. */
function to(state: DeploymentState, phase: Phase): DeploymentState {
  if (!mayFollow(state.phase, phase))
    throw new Error(`internal error: a deployment goes from ${state.phase} to ${phase}`);
  return { ...state, phase };
}

/** To another phase, or another step, with a deadline of its own. */
function enter(state: DeploymentState, phase: Phase, at: number): DeploymentState {
  return { ...to(state, phase), epoch: state.epoch + 1, sinceMs: at };
}

/** A person's time to decide is not the step's: that begins anew. */
function move(state: DeploymentState, phase: Phase, at: number): DeploymentState {
  return state.phase === 'asking' ? enter(state, phase, at) : to(state, phase);
}

/** What was asked for on the other way is not waited for any more: its order is older, so it cannot overtake. */
function onRoute(state: DeploymentState, route: DeploymentState['route']): DeploymentState {
  return { ...state, route, step: -1, attempt: 0, probes: 0, intent: null };
}

function applyStarted(
  state: DeploymentState,
  event: Extract<DeploymentEvent, { type: 'deployment.step-started' }>,
  at: number,
): DeploymentState {
  const index = stepsOf(state).findIndex(({ id }) => id === event.step);
  const { action } = stepsOf(state)[index]!;
  const isWatched = action.type === 'observe' || action.type === 'bake';
  const phase = isWatched ? 'watching' : state.route === null ? 'forth-acting' : 'back-acting';
  const isNew = index !== state.step;
  return {
    ...(isNew ? enter(state, phase, at) : move(state, phase, at)),
    startedAtMs: state.startedAtMs ?? at,
    step: index,
    attempt: event.attempt,
    probes: 0,
    order: event.order,
    isPlaceAtFault: false,
    intent: isWatched ? null : { key: event.key, way: event.way, step: event.step, startedAtMs: at },
    watch: isWatched && isNew ? NO_WATCH : state.watch,
    begun: begunWith(state.begun, action),
    data: dataWith(state.data, action, 'begun'),
  };
}

function begunWith(begun: DeploymentState['begun'], action: StepAction): DeploymentState['begun'] {
  const isStableEnd = (action.type === 'drain' || action.type === 'stop') && action.version === 'stable';
  const purpose = action.type === 'command' ? action.purpose : null;
  return {
    candidate: begun.candidate || (action.type === 'start' && action.version === 'candidate'),
    stableEnd: begun.stableEnd || isStableEnd,
    dataUp: begun.dataUp || purpose === 'migration-up',
    dataDown: begun.dataDown || purpose === 'migration-down',
  };
}

function dataWith(
  data: DeploymentState['data'],
  action: StepAction,
  what: 'begun' | 'done',
): DeploymentState['data'] {
  if (action.type !== 'command') return data;
  if (action.purpose === 'migration-up') return what === 'done' ? 'changed' : 'unknown';
  if (action.purpose === 'migration-down') return what === 'done' ? 'taken-back' : 'unknown';
  return data;
}

function applyFinished(
  state: DeploymentState,
  event: Extract<DeploymentEvent, { type: 'deployment.step-finished' }>,
): DeploymentState {
  const index = stepsOf(state).findIndex(({ id }) => id === event.step);
  const { action } = stepsOf(state)[index]!;
  const pausing = event.retryAfterMs !== null;
  const isRefused = event.refused === true;
  const isPlaceAtFault = isRefused || isCutOff(event, action);
  const over = { ...state, step: index, attempt: event.attempt, intent: null, isPlaceAtFault };
  return {
    ...(pausing ? to(over, state.route === null ? 'forth-pausing' : 'back-pausing') : over),
    outputs: { ...state.outputs, ...event.outputs },
    data: event.outcome === 'done' ? dataWith(state.data, action, 'done') : state.data,
    ...(isRefused ? neverBegun(state, action) : {}),
  };
}

/** A command of which nobody knows how it ended: of one that ended there is the code. */
function isCutOff(
  { outcome, foundBy, outputs }: Extract<DeploymentEvent, { type: 'deployment.step-finished' }>,
  action: StepAction,
): boolean {
  return (
    action.type === 'command' && outcome === 'failed' && foundBy === 'probe' && outputs.code === undefined
  );
}

/** A command that was refused changed no data. */
function neverBegun(
  { begun, data }: DeploymentState,
  action: StepAction,
): Pick<DeploymentState, 'begun' | 'data'> {
  const purpose = action.type === 'command' ? action.purpose : null;
  if (purpose === 'migration-up') return { begun: { ...begun, dataUp: false }, data: 'unchanged' };
  if (purpose === 'migration-down') return { begun: { ...begun, dataDown: false }, data: 'changed' };
  return { begun, data };
}

function applyObserved(
  state: DeploymentState,
  event: Extract<DeploymentEvent, { type: 'deployment.observed' }>,
): DeploymentState {
  const judged =
    state.judge && event.window ? judge(state.judge, event.window as unknown as Window).state : state.judge;
  const { watch } = state;
  // A window that cannot be judged is none.
  const isFresh = event.window !== null;
  return {
    ...state,
    judge: judged,
    looks: event.look,
    evidenceMs: state.evidenceMs + event.coveredMs,
    watch: {
      coveredMs: watch.coveredMs + event.coveredMs,
      windows: watch.windows + (isFresh ? 1 : 0),
      verdict: event.verdict,
      reason: event.reason,
    },
  };
}

/** Whether the present step is one that is watched. */
export function isWatching(state: DeploymentState): boolean {
  const action = presentStep(state)?.action;
  return (state.phase === 'watching' || state.phase === 'held') && action !== undefined;
}
