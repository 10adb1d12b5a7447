import { eventOf } from '../../event-name.ts';
import { child, type Node } from '../../native/node.ts';
import type { InputDefinition, Trigger } from '../../plan.ts';
import { listOf, textOf, textUnder } from './text.ts';

const ANY: Trigger = {
  event: 'push',
  branches: [],
  branchesIgnore: [],
  tags: [],
  paths: [],
  pathsIgnore: [],
  cron: null,
};

const PULL_REQUEST = ['opened', 'synchronize', 'reopened'];
/** GitHub's own, where nobody says otherwise; of all other events each kind counts. */
const TYPES_DEFAULT: Readonly<Record<string, readonly string[]>> = {
  pull_request: PULL_REQUEST,
  pull_request_target: PULL_REQUEST,
};

/** The triggers under `on`, in the order of the file: one for each event, and one for each line of a schedule. */
export function triggersOf(on: Node | undefined): Trigger[] {
  if (on?.kind !== 'map') return listOf(on).map((name) => triggerOf(name, on));
  return on.entries.flatMap(({ key, value }) => {
    if (key !== 'schedule') return [triggerOf(key, value)];
    if (value.kind !== 'list') return [];
    return value.items.flatMap((item) => {
      const cron = textUnder(item, 'cron');
      return cron === null ? [] : [{ ...ANY, event: 'schedule', cron }];
    });
  });
}

/** `node`: the filters, when it is a mapping. */
function triggerOf(name: string, node: Node | undefined): Trigger {
  const under = (key: string) => listOf(node && child(node, key));
  const ignored = under('tags-ignore');
  const written = under('types');
  const types = written.length > 0 || !Object.hasOwn(TYPES_DEFAULT, name) ? written : TYPES_DEFAULT[name]!;
  return {
    ...ANY,
    event: eventOf(name),
    branches: under('branches'),
    branchesIgnore: under('branches-ignore'),
    tags: ignored.length > 0 ? ['**', ...ignored.map((pattern) => `!${pattern}`)] : under('tags'),
    paths: under('paths'),
    pathsIgnore: under('paths-ignore'),
    ...(types.length > 0 ? { types } : {}),
  };
}

/** The inputs of a manual start and of a call; where both have one of a name, that of the manual start. */
export function inputsOf(on: Node | undefined): Record<string, InputDefinition> {
  if (!on) return {};
  const inputs = ['workflow_call', 'workflow_dispatch'].flatMap((event) => {
    const definitions = child(child(on, event) ?? on, 'inputs');
    // Only a call must give those of a call.
    const isOptional = event === 'workflow_call' && on.kind === 'map' && on.entries.length > 1;
    const entries = definitions?.kind === 'map' ? definitions.entries : [];
    return entries.map(({ key, value }): [string, InputDefinition] => {
      const input = inputOf(value);
      return [key, isOptional ? { ...input, required: false } : input];
    });
  });
  return Object.fromEntries(inputs);
}

export function inputOf(node: Node): InputDefinition {
  const type = textUnder(node, 'type');
  const options = child(node, 'options');
  const given = textOf(child(node, 'default'));
  return {
    description: textUnder(node, 'description') ?? '',
    required: textUnder(node, 'required') === 'true',
    // GitHub's own: an input of that kind is false when nobody says otherwise.
    default: given ?? (type === 'boolean' ? 'false' : null),
    options: options ? listOf(options) : type === 'boolean' ? ['true', 'false'] : null,
    ...(type === 'boolean' || type === 'number' ? { type } : {}),
  };
}
