import { visible } from '../base/text.ts';
import { openingAt } from '../delivery/calendar/opening.ts';
import { isSelected } from '../pipeline/trigger-pattern.ts';
import type { JobMessage } from './contract.ts';

/**
 * Why the job of a workflow may not begin now in its environment, a sentence with the way out; null: it may. Its branches are those
 * of the commit that is run, and files that no commit holds come from none.
 */
export function environmentHold({ job, source, runId }: JobMessage, nowMs: number): string | null {
  const { environment } = job.workflow ?? {};
  if (!environment?.held) return null;
  const { branches, windows, freezes } = environment.held;
  const name = visible(environment.name);
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
