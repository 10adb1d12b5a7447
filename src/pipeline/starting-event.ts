import type { Trigger } from './plan.ts';
import { matchTriggers, type TriggerEvent } from './trigger.ts';

/** What is started by hand, whether the workflow names it or not. */
const BY_HAND = 'manual';

/**
 * The event that a person means who runs a workflow and names none: a start by hand when the workflow has one, else a push of what is
 * checked out, else the first event that fits; when none does, by hand all the same. A pull request is never guessed: without a
 * payload its code is a stranger's, and whoever runs what is checked out means no stranger.
 */
export function startingEvent(
  triggers: readonly Trigger[],
  { branch, tag }: Pick<TriggerEvent, 'branch' | 'tag'>,
): string {
  const names = triggers.map(({ event }) => event);
  const fits = (name: string) =>
    names.includes(name) && matchTriggers(triggers, { name, branch, tag, changedPaths: null }).run;
  if (names.includes(BY_HAND)) return BY_HAND;
  if (fits('push')) return 'push';
  if (names.some((name) => name.startsWith('pull_request'))) return BY_HAND;
  // A call is no event: whoever calls says of which event it is.
  return names.find((name) => name !== 'workflow_call' && fits(name)) ?? BY_HAND;
}
