import type { Plan, Trigger } from '../../plan.ts';
import type { LossNote } from '../contract.ts';
import { patternText, sides } from '../pattern.ts';
import type { Tree } from '../yaml.ts';

/** The rules of the whole pipeline. `notes` gets what they cannot say. */
export function workflowRules(plan: Plan, notes: LossNote[]): Tree | undefined {
  if (plan.triggers.length === 0) return undefined;
  return plan.triggers.map((trigger) => {
    const lose = (message: string, instead: string) =>
      notes.push({
        feature: 'triggers',
        message: `the event ${trigger.event}: ${message}`,
        instead,
        place: null,
      });
    return ruleOf(trigger, lose);
  });
}

type Lose = (message: string, instead: string) => void;

function ruleOf(trigger: Trigger, lose: Lose): Tree {
  const { event, cron, types, pathsIgnore, paths } = trigger;
  if (types) lose(`kinds of activity ${types.join(', ')}`, 'any of them starts it');
  if (pathsIgnore.length > 0) lose(`paths to ignore, ${pathsIgnore.join(', ')}`, 'each change starts it');
  const changes = paths.length > 0 ? { changes: { paths: sides(paths).takes } } : {};
  if (sides(paths).leaves.length > 0) lose(`paths with !, ${paths.join(', ')}`, 'those without it count');
  switch (event) {
    case 'push':
      return { if: joined('$CI_PIPELINE_SOURCE == "push"', refRule(trigger)), ...changes };
    case 'tag':
      return { if: joined('$CI_COMMIT_TAG', names('$CI_COMMIT_TAG', trigger.tags)) };
    case 'pull_request':
    case 'pull_request_target':
      return {
        if: joined(
          '$CI_PIPELINE_SOURCE == "merge_request_event"',
          branchRule('$CI_MERGE_REQUEST_TARGET_BRANCH_NAME', trigger),
        ),
        ...changes,
      };
    case 'schedule':
      lose(`the time ${cron}`, 'a schedule in the settings of the project starts it');
      return { if: '$CI_PIPELINE_SOURCE == "schedule"' };
    case 'manual':
      return { if: '$CI_PIPELINE_SOURCE == "web"' };
    case 'api':
      return { if: '$CI_PIPELINE_SOURCE == "api" || $CI_PIPELINE_SOURCE == "trigger"' };
    default:
      lose('GitLab has no such event', 'nothing starts it so');
      return { if: `$CI_PIPELINE_SOURCE == "${event.replace(/\W/g, '_')}"` };
  }
}

/** Of a push: its branch, its tag, or either. */
function refRule(trigger: Trigger): string | null {
  const { branches, branchesIgnore, tags } = trigger;
  const branch = branchRule('$CI_COMMIT_BRANCH', trigger);
  const tag = tags.length > 0 ? names('$CI_COMMIT_TAG', tags) : null;
  if (branches.length + branchesIgnore.length === 0) return tag;
  return tag ? `((${branch}) || (${tag}))` : branch;
}

function branchRule(variable: string, { branches, branchesIgnore }: Trigger): string | null {
  const all = [...branches, ...branchesIgnore.map((pattern) => `!${pattern}`)];
  return names(variable, all);
}

function names(variable: string, patterns: readonly string[]): string | null {
  const { takes, leaves } = sides(patterns);
  const one = (list: readonly string[]) =>
    list.length === 1 ? patternText(list[0]!) : `(?:${list.map(patternText).join('|')})`;
  const parts = [
    ...(takes.length > 0 ? [`${variable} =~ /${one(takes)}/`] : []),
    ...(takes.length === 0 && leaves.length > 0 ? [variable] : []),
    ...(leaves.length > 0 ? [`${variable} !~ /${one(leaves)}/`] : []),
  ];
  return parts.length > 0 ? parts.join(' && ') : null;
}

function joined(first: string, second: string | null): string {
  if (second === null) return first;
  return first === second.split(' ')[0] ? second : `${first} && ${second}`;
}
