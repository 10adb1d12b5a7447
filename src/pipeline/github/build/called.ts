import { child, type MapNode, type Node } from '../../native/node.ts';
import type { InputDefinition } from '../../plan.ts';
import { textUnder } from './text.ts';
import { inputOf } from './trigger.ts';

/** What a workflow says to whoever calls it. */
export interface Called {
  readonly inputs: Readonly<Record<string, InputDefinition>>;
  /** Templates over `jobs`. */
  readonly outputs: Readonly<Record<string, string>>;
  /** By name, whether it must be given. */
  readonly secrets: Readonly<Record<string, boolean>>;
}

/** What stands under `on.workflow_call`; null: the workflow cannot be called. */
export function calledOf(tree: MapNode): Called | null {
  const on = child(tree, 'on');
  if (!on || !namesCall(on)) return null;
  const call = child(on, 'workflow_call');
  const under = (key: string) => {
    const map = call && child(call, key);
    return map?.kind === 'map' ? map.entries : [];
  };
  return {
    inputs: Object.fromEntries(under('inputs').map(({ key, value }) => [key, inputOf(value)])),
    outputs: Object.fromEntries(
      under('outputs').map(({ key, value }) => [key, textUnder(value, 'value') ?? '']),
    ),
    secrets: Object.fromEntries(
      under('secrets').map(({ key, value }) => [key, textUnder(value, 'required') === 'true']),
    ),
  };
}

function namesCall(on: Node): boolean {
  if (on.kind === 'map') return on.entries.some(({ key }) => key === 'workflow_call');
  const names = on.kind === 'list' ? on.items : [on];
  return names.some((name) => name.kind === 'scalar' && name.value === 'workflow_call');
}
