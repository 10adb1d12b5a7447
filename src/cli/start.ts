import { visible } from '../base/text.ts';
import type { RunSource } from '../journal/run-event.ts';
import { eventWord } from '../pipeline/event-name.ts';
import type { Plan } from '../pipeline/plan.ts';
import { pullRequestOf } from '../pipeline/pull-request.ts';
import { startingEvent } from '../pipeline/starting-event.ts';
import type { TriggerEvent } from '../pipeline/trigger.ts';
import type { GivenEvent, GivenOptions } from './given.ts';

/** With what a plan is started. */
export interface Start {
  readonly event: GivenEvent;
  readonly source: RunSource;
  /** The line that says which event was taken; null when it was asked for. */
  readonly sentence: string | null;
}

/**
 * The event and the source of a start. Whoever names no event for a GitHub workflow gets the one that is most likely meant. There a
 * branch is a branch, also when its commit has a tag too, as on GitHub.
 */
export function startOf(plan: Plan, options: GivenOptions, event: GivenEvent, given: RunSource): Start {
  if (plan.dialect !== 'github') return { event, source: given, sentence: null };
  const isTag = options.tag !== undefined || event.name === 'tag' || given.branch === null;
  const source = isTag ? given : { ...given, tag: null };
  if ((options.event ?? options.tag ?? options.payload) !== undefined)
    return { event, source, sentence: null };
  const name = startingEvent(plan.triggers, source);
  return { event: { ...event, name }, source, sentence: sentenceOf(plan, name, source) };
}

/** What triggers are asked about a start. `changedPaths`: null when they are not to decide. */
export function triggerEvent(
  { event, source }: Start,
  changedPaths: TriggerEvent['changedPaths'],
): TriggerEvent {
  const { name, payload } = event;
  return {
    name,
    branch: pullRequestOf(payload)?.baseRef ?? source.branch,
    tag: source.tag,
    action: typeof payload.action === 'string' ? payload.action : null,
    changedPaths,
  };
}

function sentenceOf({ triggers }: Plan, name: string, { branch, tag }: RunSource): string {
  const word = (event: string) => visible(eventWord(event, 'github'));
  const where = name === 'push' ? ` of ${visible(branch ?? tag ?? '')}` : '';
  const names = triggers.map(({ event }) => event);
  const hint = names.includes(name) ? '' : ', which the workflow does not name';
  const other = names.find((event) => event !== name && event !== 'workflow_call');
  return `the event is ${word(name)}${where}${hint}${other === undefined ? '' : `; another: --event ${word(other)}`}`;
}
