import type { InputDefinition, Plan, Trigger } from '../../plan.ts';
import type { Tree } from '../yaml.ts';

const EVENTS: Readonly<Record<string, string>> = {
  manual: 'workflow_dispatch',
  api: 'repository_dispatch',
  tag: 'push',
};

/** What stands under `on`. A pipeline without triggers runs for whatever it is asked: on GitHub for the usual events. */
export function writtenTriggers(plan: Plan): Tree {
  const { triggers, dialect } = plan;
  const inputs = writtenInputs(plan.inputs);
  if (triggers.length === 0)
    return { push: null, pull_request: null, workflow_dispatch: inputs ? { inputs } : null };
  const events: Record<string, Tree> = {};
  const crons = triggers.flatMap(({ cron }) => (cron === null ? [] : [{ cron }]));
  const isCalled = triggers.some(({ event }) => event === 'workflow_call');
  const isManual = triggers.some(({ event }) => event === 'manual');
  for (const trigger of triggers) {
    const name = EVENTS[trigger.event] ?? trigger.event;
    if (name === 'schedule') events.schedule = crons;
    else if (name === 'push' && dialect === 'sluice') events.push = ourPush(triggers);
    else if (name === 'workflow_dispatch') events[name] = inputs ? { inputs } : null;
    else if (name === 'workflow_call')
      events[name] = inputs && !isManual ? { inputs: callInputs(plan.inputs) } : null;
    else events[name] = filters(trigger);
  }
  if (inputs && !isManual && !isCalled) events.workflow_dispatch = { inputs };
  return events;
}

/** Of ours a push is one of branches, and a tag is an event of its own. */
function ourPush(triggers: readonly Trigger[]): Tree {
  const push = triggers.find(({ event }) => event === 'push');
  const tag = triggers.find(({ event }) => event === 'tag');
  if (push && !tag) return filters(push);
  const tags = tag!.tags.length > 0 ? tag!.tags : ['**'];
  if (!push) return { tags };
  const isFiltered = push.branches.length + push.branchesIgnore.length > 0;
  return { ...(filters(isFiltered ? push : { ...push, branches: ['**'] }) as object), tags };
}

function filters({ event, branches, branchesIgnore, tags, paths, pathsIgnore, types }: Trigger): Tree {
  const written = {
    types: isUsual(event, types) ? undefined : filter(types ?? []),
    branches: filter(branches),
    'branches-ignore': filter(branchesIgnore),
    tags: filter(tags),
    paths: filter(paths),
    'paths-ignore': filter(pathsIgnore),
  };
  return Object.values(written).some((one) => one !== undefined) ? written : null;
}

/** What GitHub takes where nobody says otherwise. */
function isUsual(event: string, types: Trigger['types']): boolean {
  return /^pull_request(?:_target)?$/.test(event) && types?.join() === 'opened,synchronize,reopened';
}

function filter(patterns: readonly string[]): Tree | undefined {
  return patterns.length > 0 ? patterns : undefined;
}

function writtenInputs(inputs: Plan['inputs']): Tree | null {
  const entries = Object.entries(inputs);
  if (entries.length === 0) return null;
  return Object.fromEntries(
    entries.map(([name, input]) => [name, { ...common(input), ...dispatchType(input) }]),
  );
}

/** Only whoever starts it by hand is offered a choice. */
function callInputs(inputs: Plan['inputs']): Tree {
  return Object.fromEntries(
    Object.entries(inputs).map(([name, input]) => [name, { ...common(input), type: input.type ?? 'string' }]),
  );
}

function common({ description, required, default: given, type }: InputDefinition) {
  return {
    description: description === '' ? undefined : description,
    required: required || undefined,
    default: given === null ? undefined : typed(given, type),
  };
}

function typed(text: string, type: InputDefinition['type']): string | number | boolean {
  if (type === 'boolean') return text === 'true';
  // Only where that is the same text again.
  return type === 'number' && String(Number(text)) === text ? Number(text) : text;
}

function dispatchType({ type, options }: InputDefinition) {
  if (type) return { type };
  return options ? { type: 'choice', options } : { type: 'string' };
}
