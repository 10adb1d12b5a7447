import type { ActionScript } from '../../pipeline/github/action/action-definition.ts';
import { nativeActionOf } from '../../pipeline/github/action/native-action.ts';
import type { PlanStep } from '../../pipeline/plan.ts';
import type { PlanUses } from '../../pipeline/plan-action.ts';
import type { Environment } from '../environment.ts';
import type { StepScope } from '../step-setup.ts';
import { type ActionEnd, type ActionRun, causeOfProblem } from './action-run.ts';
import { type Bringing, bringAction } from './bring.ts';
import { isMet } from './condition.ts';

/*
 * As on GitHub, actions of others are brought when the job begins, and what they do before (`pre`) is done before all steps, whatever
 * the conditions of their own steps say. An action of the workspace is not known by then, and its `pre` never runs.
 */

/** GitHub's own limit of actions within actions. */
export const DEPTH_MAX = 10;

export const NOTHING_DONE: ActionEnd = { cause: null, outputs: {} };

/**
 * The steps of a job, or of an action, whose actions have something to do before all steps, in their order. `scope`: of the action
 * they stand in; `depth`: how many actions are around them.
 */
export async function partsWithPre(
  place: Bringing['place'],
  steps: readonly PlanStep[],
  scope: Pick<StepScope, 'root'>,
  depth: number,
): Promise<readonly PlanStep[]> {
  const found: PlanStep[] = [];
  for (const step of steps) {
    if (step.uses !== null && step.refusal === null && (await hasPre(place, step.uses, scope, depth + 1)))
      found.push({ ...step, if: { source: 'always()', place: step.place } });
  }
  return found;
}

/** Whether an action has something to do before all steps. What is wrong with it, and what is to be said of it, its step tells. */
async function hasPre(
  place: Bringing['place'],
  uses: PlanUses,
  scope: Pick<StepScope, 'root'>,
  depth: number,
): Promise<boolean> {
  if (depth > DEPTH_MAX || uses.kind === 'docker') return false;
  if (uses.kind === 'local' && !(uses.path.startsWith('$/') && scope.root)) return false;
  if (place.options.adapters !== 'off' && nativeActionOf(uses) !== null) return false;
  try {
    const action = await bringAction({ place, say: () => {}, tally: { warnings: [] } }, uses, scope);
    const { runs } = action.definition;
    if (runs.kind !== 'composite') return runs.pre !== null;
    return (await partsWithPre(place, runs.steps, action, depth)).length > 0;
  } catch (error) {
    causeOfProblem(error);
    return false;
  }
}

/** Whether the `pre` of a part is to run; `state` is what it adds to for the main part. */
export function isPrepared(
  run: ActionRun,
  pre: ActionScript | null,
  scope: StepScope,
  environment: Environment,
  key: string,
  name: string,
  state: Record<string, string>,
): boolean {
  if (pre === null) return false;
  run.tally.prepared[key] = state;
  if (pre.if !== null && !isMet(pre.if, scope, environment, `pre-if of ${name}`)) {
    run.say(`${name}: its pre-if does not hold`);
    return false;
  }
  run.say(`pre: ${name}`);
  return true;
}

/** Tells that the main part of an action comes without what it does before. */
export function tellWithoutPre(run: ActionRun, pre: ActionScript | null, key: string, name: string): void {
  if (pre === null || run.prepared[key]) return;
  run.tally.warnings.push(
    `the \`pre\` of ${name} did not run: as on GitHub, only actions of others that are known when the job begins have one`,
  );
}
