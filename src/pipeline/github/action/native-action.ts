import type { PlanUses } from '../../plan-action.ts';

/** Actions that Sluice performs itself, with the same inputs and outputs: by `owner/name`, or a folder of it. */
export const NATIVE_ACTIONS = [
  'actions/checkout',
  'actions/setup-node',
  'actions/setup-python',
  'actions/setup-go',
  'actions/setup-java',
  'actions/setup-dotnet',
  'ruby/setup-ruby',
  'actions/setup-ruby',
  'actions/cache',
  'actions/cache/restore',
  'actions/cache/save',
  'actions/upload-artifact',
  'actions/download-artifact',
] as const;

export type NativeAction = (typeof NATIVE_ACTIONS)[number];

/** The action that Sluice performs itself in place of the one that is named; null: it has none of its own. */
export function nativeActionOf(uses: PlanUses): NativeAction | null {
  if (uses.kind !== 'repository') return null;
  const name = `${uses.repository}${uses.path === null ? '' : `/${uses.path}`}`.toLowerCase();
  return NATIVE_ACTIONS.find((one) => one === name) ?? null;
}
