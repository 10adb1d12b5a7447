import type * as z from 'zod';
import type { InputDefinition, Trigger } from '../../plan.ts';
import type { inputs } from '../schema/input.ts';
import type { PipelineDefinition } from '../schema/pipeline.ts';
import { nodeAt } from '../value.ts';
import type { BuildContext } from './context.ts';
import { listOf } from './text.ts';

type TriggerDefinition = Exclude<NonNullable<PipelineDefinition['trigger']>, string | readonly string[]>;
type EventName = Trigger['event'];

/** One trigger for each event, and one for each line of the schedule. */
export function triggersOf(pipeline: PipelineDefinition, context: BuildContext): Trigger[] {
  const definition = pipeline.trigger;
  if (definition === undefined) return [];
  if (typeof definition === 'string' || Array.isArray(definition)) {
    const events = listOf(definition) as EventName[];
    if (events.includes('schedule')) {
      context.problems.error('no-schedule', nodeAt(pipeline, 'trigger'), 'the event `schedule` needs times', {
        suggestion: 'write `trigger: {schedule: "0 3 * * *"}`',
      });
    }
    return events.map((event) => ({ ...EMPTY, event }));
  }
  return fromMapping(definition as TriggerDefinition, context);
}

const EMPTY: Trigger = {
  event: 'push',
  branches: [],
  branchesIgnore: [],
  tags: [],
  paths: [],
  pathsIgnore: [],
  cron: null,
};

function fromMapping(definition: TriggerDefinition, context: BuildContext): Trigger[] {
  const { problems } = context;
  const tags = listOf(definition.tags);
  const crons = listOf(definition.schedule);
  const given = definition.events === undefined ? null : (listOf(definition.events) as EventName[]);
  const events = new Set<EventName>(given ?? impliedEvents(definition));
  if (given && tags.length > 0 && !events.has('tag')) {
    problems.error(
      'unused-filter',
      nodeAt(definition, 'tags'),
      '`tags` has no effect, because `events` does not have `tag`',
      { suggestion: 'add `tag` to `events`' },
    );
  }
  if (events.has('schedule') && crons.length === 0) {
    problems.error('no-schedule', nodeAt(definition, 'events'), 'the event `schedule` needs times', {
      suggestion: 'add `schedule: "0 3 * * *"`',
    });
  }
  if (crons.length > 0) events.add('schedule');
  if (definition.manual) events.add('manual');
  const branches = {
    branches: listOf(definition.branches),
    branchesIgnore: listOf(definition.branches_ignore),
  };
  const paths = { paths: listOf(definition.paths), pathsIgnore: listOf(definition.paths_ignore) };
  return [...events].flatMap((event): Trigger[] => {
    if (event === 'schedule') return crons.map((cron) => ({ ...EMPTY, event, cron }));
    if (event === 'push' || event === 'pull_request') return [{ ...EMPTY, event, ...branches, ...paths }];
    if (event === 'tag') return [{ ...EMPTY, event, tags }];
    return [{ ...EMPTY, event }];
  });
}

function impliedEvents(definition: TriggerDefinition): EventName[] {
  const { branches, branches_ignore, tags, paths, paths_ignore } = definition;
  const events: EventName[] = [];
  if (branches || branches_ignore || paths || paths_ignore) events.push('push');
  if (tags) events.push('tag');
  return events;
}

type Inputs = z.input<ReturnType<typeof inputs>>;

/** The pipeline's inputs and those of its manual trigger. */
export function inputsOf(
  pipeline: PipelineDefinition,
  context: BuildContext,
): Record<string, InputDefinition> {
  const { trigger } = pipeline;
  const manual =
    typeof trigger === 'object' && !Array.isArray(trigger)
      ? (trigger as TriggerDefinition).manual
      : undefined;
  const result: Record<string, InputDefinition> = {};
  for (const inputs of [pipeline.inputs, typeof manual === 'object' ? manual.inputs : undefined]) {
    for (const [name, definition] of Object.entries(inputs ?? {}))
      result[name] = inputOf(name, definition, inputs!, context);
  }
  return result;
}

function inputOf(
  name: string,
  definition: Inputs[string],
  inputs: Inputs,
  context: BuildContext,
): InputDefinition {
  if (definition === null || typeof definition !== 'object') {
    return {
      description: '',
      required: false,
      default: definition === null ? null : String(definition),
      options: null,
    };
  }
  const options = definition.options?.map(String) ?? null;
  const value = definition.default === undefined ? null : String(definition.default);
  if (options && value !== null && !options.includes(value)) {
    context.problems.error(
      'bad-default',
      nodeAt(inputs, name),
      `the default \`${value}\` of the input \`${name}\` is not one of its options`,
      {
        suggestion: `choose one of ${options.join(', ')}`,
      },
    );
  }
  return {
    description: definition.description ?? '',
    required: definition.required ?? false,
    default: value,
    options,
  };
}
