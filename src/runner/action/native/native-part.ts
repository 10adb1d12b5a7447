import type { ActionInput } from '../../../pipeline/github/action/action-definition.ts';
import type { PlanUses } from '../../../pipeline/plan-action.ts';
import type { StepScope } from '../../step-setup.ts';
import type { ActionRun } from '../action-run.ts';
import type { PartPlace } from '../part-place.ts';

/** What an action that Sluice performs itself is given. */
export interface NativePart {
  readonly run: ActionRun;
  readonly scope: StepScope;
  readonly place: PartPlace;
  readonly uses: Extract<PlanUses, { kind: 'repository' }>;
  /** By name; an input that was not given has its default. */
  readonly inputs: Readonly<Record<string, string>>;
}

/** Inputs with their defaults, as an action declares them. */
export function declared(defaults: Readonly<Record<string, string>>): Record<string, ActionInput> {
  return Object.fromEntries(
    Object.entries(defaults).map(([name, value]) => [
      name,
      { default: value, required: false, deprecation: null },
    ]),
  );
}

/** Lines with something in them. */
export function linesOf(text: string | undefined): string[] {
  return (text ?? '')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

export function isTrue(text: string | undefined): boolean {
  return text?.trim().toLowerCase() === 'true';
}

/** Tells a person, at the end of the log and with the job. */
export function warn({ run }: Pick<NativePart, 'run'>, sentence: string): void {
  run.tally.warnings.push(sentence);
}
