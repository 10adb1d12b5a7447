import { UserError } from '../base/diagnostic.ts';
import { visible } from '../base/text.ts';
import type { RunSource } from '../journal/run-event.ts';
import type { Plan } from '../pipeline/plan.ts';
import { pullRequestOf } from '../pipeline/pull-request.ts';
import type { Context } from './context.ts';
import type { GivenEvent } from './given.ts';
import { baseLabel } from './shown.ts';

/**
 * The plan of a pull request, under the gates, waivers and protections of the branch that it wants to be merged into: what a change
 * is held to is not the change's to say. Of all other events, and of untrusted runs, which have their whole pipeline from there, the
 * plan as it is. Throws `UserError` when the branch is not known here although gates depend on it.
 */
export async function underTargetPolicy(
  context: Context,
  plan: Plan,
  source: RunSource,
  event: GivenEvent,
  base: string | null,
): Promise<Plan> {
  if (source.base || pullRequestOf(event.payload) === null) return plan;
  const { withPolicyOf } = await import('../gate/policy/target.ts');
  const target = await targetPlan(context, plan, source, event, base);
  return target === null ? plan : withPolicyOf(plan, target);
}

async function targetPlan(
  context: Context,
  plan: Plan,
  source: RunSource,
  { payload }: GivenEvent,
  base: string | null,
): Promise<Plan | null> {
  const [{ baseOf }, { loadFile }] = await Promise.all([
    import('./untrusted-source.ts'),
    import('./pipeline-source.ts'),
  ]);
  const because = 'the gates of a pull request are those of its target branch';
  const found = await baseOf(context, { base, payload }, because).catch((error: unknown) => {
    // Where nothing is judged, nothing hangs on it.
    if (error instanceof UserError && !isJudged(plan)) return null;
    throw error;
  });
  if (found === null) return null;
  const where = `${visible(plan.file)} of ${baseLabel(found)}`;
  if (plan.file.endsWith('.ts')) {
    context.note(`${where} is a program, which is not run, so the gates are those of the change`);
    return null;
  }
  const at: RunSource = { ...source, mode: 'commit', commit: found.commit, dirty: false };
  const sources = context.ports.readSources(at);
  if (sources.read(plan.file) === null) {
    if (isJudged(plan)) context.note(`there is no ${where}, so the gates are those of the change`);
    return null;
  }
  const checked = await loadFile(context, at, sources, plan.file);
  if (checked.ok) {
    if (isJudged(checked.value)) context.note(`gates, waivers and protections are those of ${where}`);
    return checked.value;
  }
  // Else no change could ever repair it.
  context.note(`${where} cannot be read, so the gates are those of the change`);
  return null;
}

function isJudged({ jobs, waivers }: Plan): boolean {
  return waivers.length > 0 || jobs.some(({ gates }) => gates.length > 0);
}
