import { counted } from '../base/text.ts';
import { eventWord } from './event-name.ts';
import type { Plan, Trigger } from './plan.ts';
import { isSelected } from './trigger-pattern.ts';

/** What happened, as far as triggers ask. */
export interface TriggerEvent {
  /** `push`, `pull_request`, `tag`, `schedule`, `manual`, `api`. */
  readonly name: string;
  /** The branch pushed to, or the one a pull request wants to be merged into. */
  readonly branch: string | null;
  readonly tag: string | null;
  /** Relative to the repository; null when they are not known, which counts as "everything". */
  readonly changedPaths: readonly string[] | null;
  /** What was done, such as `opened`, of a payload that says it; not said or null counts as "anything". */
  readonly action?: string | null;
}

/** Whether to run, and the sentence that says why or why not. */
export interface TriggerVerdict {
  readonly run: boolean;
  readonly sentence: string;
}

/**
 * Whether an event starts the pipeline. A pipeline without triggers runs for every event, and a manual start always does.
 * Filters are GitHub's; the event must pass all filters of one trigger. The sentence uses the words of the dialect.
 */
export function matchTriggers(
  triggers: readonly Trigger[],
  event: TriggerEvent,
  dialect: Plan['dialect'] = 'sluice',
): TriggerVerdict {
  if (event.name === 'manual') return { run: true, sentence: 'it was started by hand' };
  if (triggers.length === 0)
    return { run: true, sentence: 'the pipeline has no triggers, so every event runs it' };
  let refusal: string | null = null;
  for (const trigger of triggers) {
    if (!isFor(trigger, event)) continue;
    const verdict = passesFilters(trigger, event, dialect);
    if (verdict.run) return verdict;
    refusal ??= verdict.sentence;
  }
  if (refusal !== null) return { run: false, sentence: refusal };
  const word = (name: string) => eventWord(name, dialect);
  const names = [...new Set(triggers.map((trigger) => word(trigger.event)))];
  return { run: false, sentence: `no trigger is for ${word(event.name)}; there are ${names.join(', ')}` };
}

/** A tag is told as `tag`, or as a push that carries one. */
function isTagPush(event: TriggerEvent): boolean {
  return event.tag !== null && (event.name === 'tag' || event.name === 'push');
}

function isFor(trigger: Trigger, event: TriggerEvent): boolean {
  if (isTagPush(event)) return trigger.event === 'tag' || trigger.event === 'push';
  return trigger.event === event.name;
}

function passesFilters(trigger: Trigger, event: TriggerEvent, dialect: Plan['dialect']): TriggerVerdict {
  const { types } = trigger;
  if (types && event.action && !types.includes(event.action)) {
    return { run: false, sentence: `the action ${event.action} does not match types: ${listed(types)}` };
  }
  switch (trigger.event) {
    case 'push':
    case 'tag':
      return isTagPush(event) ? tagVerdict(trigger, event) : branchVerdict(trigger, event, dialect);
    case 'pull_request':
    case 'pull_request_target':
      return branchVerdict(trigger, event, dialect);
    default:
      return {
        run: true,
        sentence: `the trigger ${eventWord(trigger.event, dialect)} asks for nothing more`,
      };
  }
}

/** Path filters do not apply to tags. */
function tagVerdict(trigger: Trigger, event: TriggerEvent): TriggerVerdict {
  const tag = event.tag!;
  if (trigger.tags.length > 0) {
    const run = isSelected(tag, trigger.tags);
    return {
      run,
      sentence: `tag ${tag} ${run ? 'matches' : 'does not match'} tags: ${listed(trigger.tags)}`,
    };
  }
  if (trigger.branches.length > 0 || trigger.branchesIgnore.length > 0) {
    return { run: false, sentence: `the trigger ${trigger.event} is for branches, and ${tag} is a tag` };
  }
  return { run: true, sentence: `the trigger ${trigger.event} takes every tag` };
}

function branchVerdict(trigger: Trigger, event: TriggerEvent, dialect: Plan['dialect']): TriggerVerdict {
  const branch = event.branch ?? '';
  const { branches, branchesIgnore, tags } = trigger;
  if (branches.length > 0 && !isSelected(branch, branches)) {
    return { run: false, sentence: `branch ${branch} does not match branches: ${listed(branches)}` };
  }
  if (branchesIgnore.length > 0 && isSelected(branch, branchesIgnore)) {
    const key = spelled('branches_ignore', dialect);
    return { run: false, sentence: `branch ${branch} matches ${key}: ${listed(branchesIgnore)}` };
  }
  if (tags.length > 0 && branches.length === 0 && branchesIgnore.length === 0) {
    return { run: false, sentence: `the trigger ${trigger.event} is for tags, and ${branch} is a branch` };
  }
  return pathVerdict(trigger, event, dialect);
}

function pathVerdict(trigger: Trigger, event: TriggerEvent, dialect: Plan['dialect']): TriggerVerdict {
  const { paths, pathsIgnore } = trigger;
  const where = event.branch === null ? '' : ` on ${event.branch}`;
  if (paths.length === 0 && pathsIgnore.length === 0) {
    return { run: true, sentence: `the trigger ${trigger.event} matches${where}` };
  }
  const changed = event.changedPaths;
  if (changed === null) {
    return { run: true, sentence: 'the changed files are not known, so the path filters let it run' };
  }
  const counts = (path: string) =>
    (paths.length === 0 || isSelected(path, paths)) &&
    (pathsIgnore.length === 0 || !isSelected(path, pathsIgnore));
  const first = changed.find(counts);
  if (first !== undefined) return { run: true, sentence: `${first} changed` };
  const files =
    changed.length === 0 ? 'no changed file' : `none of ${counted(changed.length, 'changed file')}`;
  const filters = [
    ...(paths.length > 0 ? [`matches paths: ${listed(paths)}`] : []),
    ...(pathsIgnore.length > 0
      ? [`stands outside ${spelled('paths_ignore', dialect)}: ${listed(pathsIgnore)}`]
      : []),
  ];
  return { run: false, sentence: `not needed: ${files} ${filters.join(' and ')}` };
}

/** A key as the files of the dialect write it. */
function spelled(key: string, dialect: Plan['dialect']): string {
  return dialect === 'github' ? key.replaceAll('_', '-') : key;
}

function listed(patterns: readonly string[]): string {
  return patterns.length <= 3
    ? patterns.join(', ')
    : `${patterns.slice(0, 3).join(', ')} and ${patterns.length - 3} more`;
}
