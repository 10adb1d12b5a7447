import { userError } from '../base/diagnostic.ts';
import type { Trust } from '../journal/event.ts';
import type { RunSource } from '../journal/run-event.ts';
import type { Plan } from '../pipeline/plan.ts';
import { protectedPaths, restrictedPlan } from '../pipeline/restrict.ts';
import { judgeTrust } from '../pipeline/trust.ts';
import type { StartRequest } from './contract.ts';

/**
 * The trust of a run that is asked for, and the plan that it may have. Judged here once more, so that no face can forget it.
 * Throws a `UserError` for an untrusted run that does not say which commit's pipeline it follows.
 */
export function trustedPlan({ plan, source, event, untrusted = false }: StartRequest): {
  readonly plan: Plan;
  readonly source: RunSource;
  readonly trust: Trust;
  readonly trustReason: string | null;
} {
  const { trust, reason } = judgeTrust(event, untrusted);
  if (trust === 'trusted') return { plan, source, trust, trustReason: reason };
  const { base } = source;
  if (!base || source.mode !== 'commit') {
    throw userError(
      'untrusted-source',
      `the run is untrusted (${reason}), so it needs a commit and the base that its pipeline is read from`,
      'name the base: --base main',
    );
  }
  return {
    plan: restrictedPlan(plan),
    source: { ...source, base: { ...base, protectedPaths: protectedPaths(plan) } },
    trust,
    trustReason: reason,
  };
}

/**
 * Nobody works among the files of untrusted code on the machine itself: a prompt that asks git is enough to run what they say.
 * Throws a `UserError` when the workspace of a failed job is to be kept for a shell.
 */
export function refuseKeptWorkspace(
  trust: Trust | undefined,
  { keepWorkspaces }: Pick<StartRequest, 'keepWorkspaces'>,
): void {
  if (trust !== 'untrusted' || !keepWorkspaces) return;
  throw userError(
    'untrusted-shell',
    '--shell-on-failure opens a shell among files that a stranger wrote, which an untrusted run may not',
    'look at the log of the step instead: sluice logs',
  );
}
