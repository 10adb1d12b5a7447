import type { Cause } from '../../journal/run-event.ts';
import { type StepScope, stepEnvironment } from '../step-setup.ts';
import { type ActionRun, causeOfProblem } from './action-run.ts';
import { isMet } from './condition.ts';
import { performScript } from './javascript.ts';
import type { PostAction } from './post-action.ts';

/** Performs what actions of one step left for the end of the job, the last one first. The first failure is the cause. */
export async function performPosts(
  run: ActionRun,
  scope: StepScope,
  posts: readonly PostAction[],
): Promise<Cause | null> {
  let cause: Cause | null = null;
  for (const post of posts.toReversed()) {
    try {
      cause = (await performPost(run, scope, post)) ?? cause;
    } catch (error) {
      cause ??= causeOfProblem(error);
    }
  }
  return cause;
}

async function performPost(run: ActionRun, scope: StepScope, post: PostAction): Promise<Cause | null> {
  const { setup, options } = run.place;
  const { environment, files } = stepEnvironment(run.step, run.tryNumber, setup, scope, options.random);
  environment.SLUICE_SUMMARY = run.summary;
  environment.GITHUB_STEP_SUMMARY = run.summary;
  const { work } = post;
  if (post.if !== null && !isMet(post.if, scope, environment, `post-if of ${post.name}`)) {
    run.say(`${post.name}: its post-if does not hold`);
    return null;
  }
  run.say(`post: ${post.name}`);
  if (work.kind === 'save-cache') {
    const { saveKept } = await import('./native/cache.ts');
    await saveKept(run, work.key, work.paths);
    return null;
  }
  const all = { ...environment, ...work.variables };
  if (work.kind === 'docker') {
    const { performPostEntrypoint } = await import('./docker.ts');
    const place = { setup, directory: setup.workspace.directory, environment: all, files };
    return (await performPostEntrypoint(run, scope, place, work)).cause;
  }
  const place = { directory: setup.workspace.directory, files };
  return (await performScript(run, scope, place, work.script, all, { ...post.state })).cause;
}
