import { visible } from '../base/text.ts';
import { openingAt } from '../delivery/calendar/opening.ts';
import type { Hold } from '../pipeline/plan-workflow.ts';
import { isSelected } from '../pipeline/trigger-pattern.ts';
import type { JobMessage } from './contract.ts';
import { JobProblem } from './problem.ts';
import { environmentOf } from './secrets.ts';

/**
 * Why the job of a workflow may not begin now in its environment, a sentence with the way out; null: it may. Its branches are those
 * of the commit that is run, and files that no commit holds come from none.
 */
export function environmentHold(message: JobMessage, nowMs: number): string | null {
  const { source, runId } = message;
  const hold = holdOf(message);
  if (!hold) return null;
  const { branches, windows, freezes } = hold;
  const name = visible(hold.name);
  if (branches.length > 0) {
    const { branch, dirty, mode } = source;
    if (mode === 'tree' && dirty)
      return `the environment ${name} takes commits of ${branches.map(visible).join(', ')} only, and the files here are in no commit; commit them`;
    if (branch === null || !isSelected(branch, branches))
      return `the environment ${name} takes commits of ${branches.map(visible).join(', ')} only, and this one is ${branch === null ? 'of no branch' : `of ${visible(branch)}`}`;
  }
  const { closed, untilMs } = openingAt(windows, freezes, nowMs);
  if (closed === null) return null;
  if (untilMs === null)
    return `the environment ${name} is closed: ${closed}, and no window opens within a year`;
  return `the environment ${name} is closed: ${closed}; it opens at ${new Date(untilMs).toISOString()}, then: sluice rerun ${runId} --failed`;
}

/** What is demanded, and by which environment. */
function holdOf(message: JobMessage): (Hold & { readonly name: string }) | null {
  const { environment } = message.job.workflow ?? {};
  if (environment?.held) return { ...environment.held, name: environment.name };
  if (!environment?.mayHold?.length) return null;
  try {
    const name = environmentOf(message)?.toLowerCase();
    return environment.mayHold.find((one) => one.name.toLowerCase() === name) ?? null;
  } catch (error) {
    // A name that cannot be evaluated, or that must not be: whoever reads its secrets says so.
    if (error instanceof JobProblem) return null;
    throw error;
  }
}
