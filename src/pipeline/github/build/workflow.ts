import type { Digest } from '../../../base/digest.ts';
import { DURATION_MAX_MS } from '../../../base/duration.ts';
import { child, entryOf, type MapNode, placeOf } from '../../native/node.ts';
import type { Problems } from '../../native/problem.ts';
import { headOf } from '../../native/read.ts';
import type { Plan } from '../../plan.ts';
import { PLAIN_PLAN } from '../../plan-default.ts';
import { concurrencyOf, jobOf, STAGE } from './job.ts';
import { checkNeeds } from './needs.ts';
import { checkReferences } from './reference.ts';
import { textUnder } from './text.ts';
import { inputsOf, triggersOf } from './trigger.ts';

/** The plan of a workflow whose keys and values GitHub's schema has seen. Problems between its parts are reported. */
export function workflowPlan(tree: MapNode, digest: Digest, problems: Problems): Plan {
  const { file } = tree.source;
  const on = child(tree, 'on');
  const jobs = entryOf(tree, 'jobs');
  const settings = {
    env: child(tree, 'env'),
    defaults: child(tree, 'defaults'),
    permissions: child(tree, 'permissions'),
  };
  const entries = jobs?.value.kind === 'map' ? jobs.value.entries : [];
  if (jobs && jobs.value.kind === 'map') checkNeeds(jobs.value, problems);
  if (jobs && entries.length === 0) {
    problems.error('nothing-to-run', jobs.keySpan, 'the workflow has no jobs', {
      suggestion: 'add a job with `runs-on` and `steps`',
    });
  }
  for (const { value } of entries) checkReferences(value, problems);
  return {
    schemaVersion: 1,
    name: textUnder(tree, 'name') || file,
    file,
    digest,
    // They belong to the jobs: `vars` is something else in a workflow.
    variables: {},
    concurrency: concurrencyOf(child(tree, 'concurrency')),
    stages: [
      {
        name: STAGE,
        dependsOn: [],
        timeoutMs: DURATION_MAX_MS,
        place: placeOf(jobs ? jobs.keySpan : headOf(tree)),
      },
    ],
    jobs: entries.map((entry) => jobOf(entry, settings, problems)),
    triggers: triggersOf(on),
    inputs: inputsOf(on),
    timeoutMs: null,
    ...PLAIN_PLAN,
    dialect: 'github',
  };
}
