import type { StepEnd } from '../../executor/contract.ts';
import type { Cause, StepPart } from '../../journal/run-event.ts';
import type { PlanStep } from '../../pipeline/plan.ts';
import type { PlanUses } from '../../pipeline/plan-action.ts';
import type { Redaction } from '../mask/redaction.ts';
import { newStepFiles } from '../step-files.ts';
import type { StepLeft } from '../step-left.ts';
import type { ActionRun, Prepared } from './action-run.ts';
import { performAction } from './perform-part.ts';
import type { PostAction } from './post-action.ts';
import { performPosts } from './posts.ts';
import { jobScope } from './scope.ts';
import { Tally } from './tally.ts';

/** What one try of a step with an action came to. */
export interface UsesEnd {
  readonly cause: Cause | null;
  readonly left: StepLeft;
  readonly usage: StepEnd['usage'];
  readonly outputLost: boolean;
  readonly parts: readonly StepPart[];
  /** What is still to be done when the steps of the job are over, in the order in which it was registered. */
  readonly posts: readonly PostAction[];
  /** For the main part of what was prepared. */
  readonly prepared: Prepared;
}

/** What is to be performed: the action of a step, what it prepares before all steps, or what it left for the end of the job. */
export type UsesWork =
  | {
      readonly kind: 'pre' | 'main';
      readonly step: PlanStep & { readonly uses: PlanUses };
      readonly prepared: Prepared;
    }
  | { readonly kind: 'post'; readonly posts: readonly PostAction[] };

/** Performs one try of a step with an action. Problems of the action come back; it throws only for faults of ours. */
export async function performUses(
  place: Omit<ActionRun, 'stage' | 'prepared' | 'tally' | 'summary'>,
  work: UsesWork,
): Promise<UsesEnd> {
  const { state, setup, options } = place.place;
  const tally = new Tally();
  const { summary } = newStepFiles(setup.workspace.folder, place.key, options.random);
  const prepared = work.kind === 'post' ? {} : work.prepared;
  const run: ActionRun = { ...place, stage: work.kind, prepared, tally, summary };
  const scope = jobScope(state);
  const end =
    work.kind === 'post'
      ? { cause: await performPosts(run, scope, work.posts), outputs: {} }
      : await performAction(run, work.step, scope, setup, 1);
  const left = divided(end.outputs, tally, setup.redaction, run.rules.hides);
  const { usage, isOutputLost: outputLost, parts, posts } = tally;
  return { cause: end.cause, left, usage, outputLost, parts, posts, prepared: tally.prepared };
}

/** What holds a secret is not for the journal. */
function divided(
  outputs: Readonly<Record<string, string>>,
  { variables, path, warnings }: Tally,
  redaction: Redaction,
  hides: boolean,
): StepLeft {
  const open = { outputs: {} as Record<string, string>, variables: {} as Record<string, string> };
  const hidden = { outputs: {} as Record<string, string>, variables: {} as Record<string, string>, path: [] };
  const told = [...warnings];
  for (const [kind, values] of [
    ['outputs', outputs],
    ['variables', variables],
  ] as const) {
    for (const [name, value] of Object.entries(values)) {
      const isSecret = redaction.reveals(value) || redaction.reveals(name);
      if (!isSecret) open[kind][name] = value;
      else if (hides) hidden[kind][name] = value;
      else told.push(`${kind} ${redaction.redact(name)} holds a secret and was dropped`);
    }
  }
  const isHidden = Object.keys(hidden.outputs).length + Object.keys(hidden.variables).length > 0;
  return { ...open, path, warnings: told, hidden: isHidden ? hidden : null };
}
