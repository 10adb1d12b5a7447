import { UserError, userError } from '../base/diagnostic.ts';
import { visible } from '../base/text.ts';
import type { RunSource } from '../journal/run-event.ts';
import type { Plan } from '../pipeline/plan.ts';
import { pullRequestOf } from '../pipeline/pull-request.ts';
import type { Context } from './context.ts';
import type { GivenEvent } from './given.ts';
import { baseLabel } from './shown.ts';

/** Where the target's files are, and what to call it: `main @ 3f2a91c`. */
interface Target {
  readonly at: RunSource;
  readonly label: string;
  readonly ref: string;
}

/**
 * The plan of a pull request, under the gates, waivers and protections of the branch that it wants to be merged into: what a change
 * is held to is not the change's to say. Of all other events, and of untrusted runs, which have their whole pipeline from there, the
 * plan as it is. Throws `UserError` when it cannot be told what the branch asks for.
 */
export async function underTargetPolicy(
  context: Context,
  plan: Plan,
  source: RunSource,
  event: GivenEvent,
  base: string | null,
): Promise<Plan> {
  if (source.base || pullRequestOf(event.payload) === null) return plan;
  const target = await targetOf(context, plan, source, event, base);
  if (target === null) return plan;
  const [{ withPolicyOf }, { counterpartOf }] = await Promise.all([
    import('../gate/policy/target.ts'),
    import('./target-pipeline.ts'),
  ]);
  const found = await counterpartOf(context, plan, source, target.at);
  switch (found.kind) {
    case 'same': {
      const policy = await loadTarget(context, target, found.path);
      if (isJudged(policy))
        context.note(
          `gates, waivers and protections are those of ${visible(found.path)} of ${target.label}${found.why}`,
        );
      return withPolicyOf(plan, policy);
    }
    case 'beside': {
      const all = await Promise.all(found.paths.map((path) => loadTarget(context, target, path)));
      if (isJudged(plan) && found.paths.length > 0)
        context.note(
          `${visible(plan.file)} is new beside ${found.paths.map(visible).join(', ')}; its gates are its own`,
        );
      if (isJudged(plan) && found.paths.length === 0)
        context.note(`${target.label} has no pipeline yet, so the gates are those of the change`);
      const environments = all.flatMap((one) => one.environments);
      return withPolicyOf(plan, { ...plan, jobs: [], environments });
    }
    case 'gone':
      throw userError(
        'target-policy',
        `nobody can tell which gates hold for ${visible(plan.file)}: of ${target.label} the change has ${found.paths.map(visible).join(', ')} no more`,
        'keep the file, or give the new one the `name` of the pipeline that it replaces',
      );
  }
}

async function targetOf(
  context: Context,
  plan: Plan,
  source: RunSource,
  { payload }: GivenEvent,
  base: string | null,
): Promise<Target | null> {
  const { baseOf } = await import('./untrusted-source.ts');
  const because = 'the gates of a pull request are those of its target branch';
  try {
    const found = await baseOf(context, { base, payload }, because);
    const at: RunSource = { ...source, mode: 'commit', commit: found.commit, dirty: false };
    return { at, label: baseLabel(found), ref: found.ref };
  } catch (error) {
    if (!(error instanceof UserError) || isJudged(plan)) throw error;
    // A repository without gates may have a clone without branches.
    context.note(
      `${error.diagnostics[0]!.message}; so the run is judged by nothing, whatever gates that branch has`,
    );
    return null;
  }
}

async function loadTarget(context: Context, { at, label, ref }: Target, path: string): Promise<Plan> {
  const { loadFile } = await import('./pipeline-source.ts');
  // A program needs the files beside it; whoever may change the repository wrote it, as the change.
  const loading = path.endsWith('.ts')
    ? context.ports.inTreeOf(at, (folder) => {
        const tree: RunSource = { ...at, path: folder, mode: 'tree' };
        return loadFile(context, tree, context.ports.readSources(tree), path);
      })
    : loadFile(context, at, context.ports.readSources(at), path);
  const checked = await loading.catch((error: unknown) => {
    if (error instanceof UserError) return { ok: false as const, diagnostics: error.diagnostics };
    throw error;
  });
  if (checked.ok) return checked.value;
  const { message } = checked.diagnostics.find(({ severity }) => severity === 'error')!;
  throw userError(
    'target-policy',
    `the gates of a pull request are those of its target branch, and ${visible(path)} of ${label} cannot be read: ${message}`,
    `repair it there, or name a commit before it: --base '${visible(ref)}~1'`,
  );
}

function isJudged({ jobs, waivers, environments }: Plan): boolean {
  return (
    waivers.length > 0 ||
    jobs.some(({ gates }) => gates.length > 0) ||
    environments.some(({ protection }) => protection !== null)
  );
}
