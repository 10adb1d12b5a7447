import { nativeActionOf } from '../pipeline/github/action/native-action.ts';
import { type PlanUses, usesText } from '../pipeline/plan-action.ts';

/** Programs that the actions which Sluice performs itself look for. */
const PROGRAMS: Readonly<Record<string, string>> = {
  'actions/setup-node': 'node',
  'actions/setup-python': 'python3',
  'actions/setup-go': 'go',
  'actions/setup-java': 'java',
  'actions/setup-dotnet': 'dotnet',
  'actions/setup-ruby': 'ruby',
  'ruby/setup-ruby': 'ruby',
};

/** What an action of a step needs, as far as the workflow tells. */
export interface ActionNeed {
  readonly kind: 'program' | 'engine' | 'action';
  readonly name: string;
}

/** What an action needs to be performed; null: nothing. */
export function actionNeed(uses: PlanUses): ActionNeed | null {
  if (uses.kind === 'docker') return { kind: 'engine', name: 'docker' };
  const native = nativeActionOf(uses);
  if (native === null) return { kind: 'action', name: usesText(uses) };
  const program = PROGRAMS[native];
  return program === undefined ? null : { kind: 'program', name: program };
}
