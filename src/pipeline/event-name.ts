import type { Plan } from './plan.ts';

/** Our words for events that a GitHub workflow calls otherwise; all others have one name. */
const OURS: Readonly<Record<string, string>> = { workflow_dispatch: 'manual', repository_dispatch: 'api' };
const WORKFLOWS = Object.fromEntries(Object.entries(OURS).map(([theirs, ours]) => [ours, theirs]));

/** The event that is meant by a name of ours or of GitHub's. */
export function eventOf(name: string): string {
  return Object.hasOwn(OURS, name) ? OURS[name]! : name;
}

/** How an event is called in a file of the dialect. */
export function eventWord(event: string, dialect: Plan['dialect']): string {
  return dialect === 'github' && Object.hasOwn(WORKFLOWS, event) ? WORKFLOWS[event]! : event;
}
