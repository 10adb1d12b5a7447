import { formatDuration } from '../../../base/duration.ts';
import { controlTitle } from '../../github/build/control.ts';
import { titleOf } from '../../native/build/step.ts';
import type { Expression, PlanJob, PlanStep } from '../../plan.ts';
import { usesText } from '../../plan-action.ts';
import type { StepControl } from '../../plan-workflow.ts';
import type { LossNote } from '../contract.ts';
import { stepLosses } from '../feature.ts';
import type { Names } from '../names.ts';
import { type Tree, told } from '../yaml.ts';
import type { GithubWords } from './expression.ts';

/** GitHub's own, for a step that names no shell. */
export const SHELL_DEFAULT = 'bash -e {0}';

/** What the steps of a job need not say. */
export interface RunDefaults {
  readonly shell: string;
  readonly workingDirectory: string;
}

/** What the steps of one job are written with. */
export interface StepSurroundings {
  readonly job: PlanJob;
  readonly isOurs: boolean;
  readonly defaults: RunDefaults;
  readonly names: Names;
  readonly words: GithubWords;
}

/** Steps of a plan's job; those of a parallel block under one `parallel`. */
export function writtenSteps(steps: readonly PlanStep[], surroundings: StepSurroundings): Tree[] {
  const isCleanup = steps === surroundings.job.cleanup;
  const written: Tree[] = [];
  for (const [index, step] of steps.entries()) {
    const { parallelGroup } = step;
    const one = (step: PlanStep, index: number) =>
      writtenStep(step, isCleanup ? cleanupCondition(step) : (step.if?.source ?? null), index, surroundings);
    if (parallelGroup === null) written.push(one(step, index));
    else if (steps[index - 1]?.parallelGroup !== parallelGroup) {
      const together = steps.flatMap((other, position) =>
        other.parallelGroup === parallelGroup ? [one(other, position)] : [],
      );
      written.push({ parallel: together });
    }
  }
  return written;
}

function writtenStep(
  step: PlanStep,
  condition: string | null,
  index: number,
  surroundings: StepSurroundings,
): Tree {
  const { defaults, words, isOurs } = surroundings;
  const { uses, variables, timeoutMs, refusal, workflow = {} } = step;
  const { control } = workflow;
  const usual = uses ? usesText(uses) : control ? controlTitle(control) : titleOf(step.run);
  const isScript = !uses && !control;
  const before = words.losses().length;
  const tree: Tree = {
    name: step.name === usual ? undefined : words.template(step.name),
    id: idOf(step, index, surroundings),
    if: condition === null ? undefined : words.expression(condition),
    uses: uses ? usesText(uses) : undefined,
    with: uses && Object.keys(uses.with).length > 0 ? uses.with : undefined,
    background: workflow.background,
    ...(control ? writtenControl(control) : {}),
    run: isScript ? words.template(step.run) : undefined,
    shell: !isScript || step.shell === defaults.shell ? undefined : step.shell,
    'working-directory':
      !isScript || step.workingDirectory === defaults.workingDirectory
        ? undefined
        : words.template(step.workingDirectory),
    env: Object.keys(variables).length > 0 ? words.templates(variables) : undefined,
    'timeout-minutes': workflow.timeoutMinutes
      ? written(workflow.timeoutMinutes)
      : timeoutMs === null
        ? undefined
        : minutes(timeoutMs, isOurs),
    'continue-on-error': workflow.allowFailure
      ? written(workflow.allowFailure)
      : step.allowFailure || undefined,
  };
  const notes = [
    ...words.losses().slice(before),
    // A workflow has no word for `repeatable`; it follows from the kind of step.
    ...stepLosses(step, isOurs ? EXPRESSED : [...EXPRESSED, 'repeatable'], {
      retry: 'it is tried once',
      tty: 'it gets no terminal',
    }),
    ...minuteLosses(`step ${step.id}`, timeoutMs, isOurs, step.place),
    ...(refusal && !KEPT.includes(refusal.feature) ? [refusalLoss(step, refusal)] : []),
  ];
  return told(tree, notes);
}

const EXPRESSED = [
  'name',
  'run',
  'uses',
  'shell',
  'workingDirectory',
  'variables',
  'if',
  'timeoutMs',
  'allowFailure',
  'parallelGroup',
  'when',
  'workflow',
] as const;

function refusalLoss(step: PlanStep, refusal: NonNullable<PlanStep['refusal']>): LossNote {
  return {
    feature: `step.${refusal.feature}`,
    message: `step ${step.id}: ${refusal.message}`,
    instead: 'what the plan has of it was written',
    place: refusal.place,
  };
}

function writtenControl(control: StepControl): Readonly<Record<string, Tree>> {
  if (control.kind === 'wait') return { wait: control.steps };
  return control.kind === 'cancel' ? { cancel: control.step } : { 'wait-all': true };
}

/** A setting that is an expression. */
export function written({ source }: Expression): string {
  return `\${{ ${source} }}`;
}

/** What is refused here and is written as it stands. */
const KEPT = ['uses', 'shell', 'expression'];

/** Given ones; `step-3` by position needs no writing. Of ours also those by position, where something looks them up. */
function idOf({ id }: PlanStep, index: number, { job, isOurs, names }: StepSurroundings): string | undefined {
  if (!isOurs) return id === `step-${index + 1}` ? undefined : id;
  return /^(?:step|cleanup)-\d+$/.test(id) && !isLookedUp(job, id) ? undefined : names.step(job, id);
}

function isLookedUp(job: PlanJob, id: string): boolean {
  return new RegExp(`steps\\s*(?:\\.\\s*${id}\\b|\\[\\s*'${id}')`, 'i').test(
    JSON.stringify([job.steps, job.cleanup, job.outputs]),
  );
}

/** Our clean-up is a step that runs always, or when the job failed. */
function cleanupCondition(step: PlanStep): string {
  const own = step.if?.source ?? null;
  const when = step.when === 'on-failure' ? 'failure() || cancelled()' : 'always()';
  return own === null ? when : `(${when}) && (${own})`;
}

/** GitHub counts in whole minutes; what a workflow says stays as it is. */
export function minutes(ms: number, isOurs: boolean): number {
  return isOurs ? Math.ceil(ms / 60_000) : ms / 60_000;
}

export function minuteLosses(
  what: string,
  ms: number | null,
  isOurs: boolean,
  place: LossNote['place'],
): LossNote[] {
  if (!isOurs || ms === null || ms % 60_000 === 0) return [];
  return [
    {
      feature: 'timeoutMs',
      message: `${what}: its longest time is ${formatDuration(ms)}, and GitHub counts in minutes`,
      instead: `${Math.ceil(ms / 60_000)} stand there`,
      place,
    },
  ];
}
