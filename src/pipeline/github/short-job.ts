import { child, type Entry, type MapNode, type Node, type ScalarNode } from '../native/node.ts';
import { type Problems, shown } from '../native/problem.ts';

/** People write it, and handbooks print it. */
const RUNS_ON = 'ubuntu-latest';

/** A workflow in which a job that is a bare list of steps became one with `steps`. GitHub refuses it, so there is a warning. */
export function withLongJobs(tree: MapNode, problems: Problems): MapNode {
  const jobs = child(tree, 'jobs');
  if (jobs?.kind !== 'map' || jobs.entries.every((job) => !isStepList(job.value))) return tree;
  const entries = jobs.entries.map((job) => (isStepList(job.value) ? longJob(job, problems) : job));
  const long: MapNode = { ...jobs, entries };
  return {
    ...tree,
    entries: tree.entries.map((entry) => (entry.value === jobs ? { ...entry, value: long } : entry)),
  };
}

function isStepList(node: Node): boolean {
  return node.kind === 'list' && node.items.length > 0 && node.items.every((item) => item.kind === 'map');
}

function longJob(job: Entry, problems: Problems): Entry {
  const { key, keySpan, value } = job;
  problems.warn('short-job', keySpan, `the job ${shown(key)} is a list of steps; GitHub refuses that`, {
    suggestion: `write \`runs-on: ${RUNS_ON}\`, and the list under \`steps\``,
  });
  const runsOn: ScalarNode = {
    ...value,
    end: value.start,
    kind: 'scalar',
    value: RUNS_ON,
    plain: null,
    style: 'code',
  };
  const entries = [
    { key: 'runs-on', keySpan, value: runsOn },
    { key: 'steps', keySpan, value },
  ];
  return { key, keySpan, value: { ...value, kind: 'map', entries } };
}
