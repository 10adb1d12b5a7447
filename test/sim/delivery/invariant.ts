import type { DeploymentState } from '../../../src/delivery/machine/state.ts';
import type { DeploymentPlan, DeploymentStep } from '../../../src/delivery/plan.ts';
import type { DeploymentEvent } from '../../../src/journal/deployment-event.ts';
import type { Places } from './places.ts';
import type { Entry } from './world.ts';

type Of<T extends DeploymentEvent['type']> = Extract<DeploymentEvent, { type: T }>;

/** What must hold of every event, in view of those before it. */
export function checkEvent(event: DeploymentEvent, journal: readonly Entry[], plan: DeploymentPlan): void {
  const before = journal.map((entry) => entry.event);
  if (before.at(-1)?.type === 'deployment.finished') throw new Error(`${event.type} after the end`);
  if (event.type === 'deployment.rollback-begun' && before.some(({ type }) => type === event.type))
    throw new Error('it goes back twice');
  if (event.type === 'deployment.weight-set') checkWeight(event, before, plan);
  if (event.type === 'deployment.step-started') checkStart(event, before, plan);
}

function checkWeight(
  event: Of<'deployment.weight-set'>,
  before: readonly DeploymentEvent[],
  plan: DeploymentPlan,
): void {
  const { candidatePercent, stablePercent } = event;
  if (candidatePercent + stablePercent !== 100) throw new Error('the weights do not sum to 100');
  if (!weightsOf(plan).has(candidatePercent)) throw new Error(`${candidatePercent} is no weight of the plan`);
  const last = before.findLast((one) => one.type === event.type);
  const isBack = before.some(({ type }) => type === 'deployment.rollback-begun');
  if (isBack && candidatePercent > (last?.candidatePercent ?? 0))
    throw new Error('the candidate gets more on the way back');
}

function weightsOf({ steps, wayBack: { warm, cold, part, data } }: DeploymentPlan): ReadonlySet<number> {
  const all = [steps, ...[warm, cold, part, data].flatMap((route) => (route ? [route.steps] : []))].flat();
  const weights = all.flatMap(({ action }) =>
    action.type === 'set-weight' ? [action.candidatePercent] : [],
  );
  return new Set([0, ...weights]);
}

/** Nothing more is given to the candidate after harm, and nothing without the evidence that the plan demands. */
function checkStart(
  event: Of<'deployment.step-started'>,
  before: readonly DeploymentEvent[],
  plan: DeploymentPlan,
): void {
  const hasIntent = before.some((one) => one.type === event.type && one.key === event.key);
  if (hasIntent) throw new Error(`${event.key} has two intents`);
  if (event.way !== 'forth') return;
  if (before.some((one) => one.type === 'deployment.rollback-begun'))
    throw new Error(`${event.step} goes forth on the way back`);
  const index = plan.steps.findIndex(({ id }) => id === event.step);
  const step = plan.steps[index]!;
  if (step.action.type !== 'set-weight' || event.attempt > 1) return;
  const watched = plan.steps.slice(0, index).findLast(({ action }) => action.type === 'observe');
  if (watched) checkEvidence(watched, before);
}

function checkEvidence(step: DeploymentStep, before: readonly DeploymentEvent[]): void {
  const { action, id } = step;
  if (action.type !== 'observe') return;
  const seen = before.filter(
    (one): one is Of<'deployment.observed'> => one.type === 'deployment.observed' && one.step === id,
  );
  if (before.some((one) => one.type === 'deployment.proceeded')) return;
  if (seen.some(({ verdict }) => verdict === 'harm')) throw new Error(`${id} went on after harm`);
  const last = seen.at(-1);
  const isLet = last?.verdict === 'no-data' ? action.onNoData : action.onUndecided;
  if (isLet === 'proceed') return;
  if (!last || last.window === null || last.verdict === 'no-data')
    throw new Error(`${id} went on without data`);
  if ((last.figures?.fresh.canary ?? 0) < action.sampleMin)
    throw new Error(`${id} went on with too few requests`);
  const coveredMs = seen.reduce((sum, one) => sum + one.coveredMs, 0);
  if (coveredMs < action.durationMs && last.verdict !== 'safe') throw new Error(`${id} was cut short`);
}

/** What must hold at the end: the journal, the router and the hosts say the same. */
export function checkEnd(
  state: DeploymentState,
  journal: readonly Entry[],
  places: Pick<Places, 'hosts' | 'percent' | 'running' | 'ledger'>,
  owed: ReadonlySet<string>,
): void {
  const { outcome, plan } = state;
  const all = places.hosts;
  const last = journal.at(-1)!.event;
  const serving = last.type === 'deployment.finished' ? last.serving : null;
  if (serving !== (outcome === 'succeeded' ? plan.candidate : plan.stable) && outcome !== 'stranded')
    throw new Error(`it is ${outcome}, but ${serving} serves`);
  if (!owed.has('release-environment')) throw new Error('the environment was never given back');
  if (state.rollback?.trigger === 'harm' && !owed.has('quarantine'))
    throw new Error('what harmed is not in quarantine');
  if (wasRefused(journal) && owed.has('quarantine'))
    throw new Error('the candidate is in quarantine for what the place refused');
  if (outcome === 'succeeded') {
    if (places.percent !== 100) throw new Error(`it succeeded with ${places.percent} % of the traffic`);
    if (places.running.candidate.size !== all)
      throw new Error('it succeeded, but the candidate does not run');
  }
  if (outcome === 'cancelled' && places.ledger.size > 0) throw new Error('it was cancelled after an effect');
  if (outcome === 'rolled-back' && plan.stable !== null && state.route !== 'part') {
    if (places.percent !== 0)
      throw new Error(`it went back, but ${places.percent} % stayed with the candidate`);
    if (places.running.stable.size !== all)
      throw new Error('it went back, but the stable version does not run');
  }
  const baked = journal.some(({ event }) => event.type === 'deployment.baked');
  if (outcome === 'succeeded' && !baked) throw new Error('it succeeded without a bake');
}

/** It turned round because the place refused a step. */
function wasRefused(journal: readonly Entry[]): boolean {
  const begun = journal.findIndex(({ event }) => event.type === 'deployment.rollback-begun');
  const events = journal.slice(0, begun + 1).map(({ event }) => event);
  const turned = events.at(-1);
  if (turned?.type !== 'deployment.rollback-begun' || turned.trigger !== 'step-failed') return false;
  const last = events.findLast(({ type }) => type === 'deployment.step-finished');
  return last?.type === 'deployment.step-finished' && last.refused === true;
}
