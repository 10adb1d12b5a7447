import { circlesOf } from '../../native/graph.ts';
import { child, type MapNode } from '../../native/node.ts';
import { type Problems, shown } from '../../native/problem.ts';
import { headOf } from '../../native/read.ts';
import { scalarsOf, textOf } from './text.ts';

/** Reports jobs that wait for one that is not there, or for each other in a circle. */
export function checkNeeds(jobs: MapNode, problems: Problems): void {
  const names = jobs.entries.map(({ key }) => key);
  const known = new Set(names);
  const edges = new Map<string, string[]>();
  for (const { key, value } of jobs.entries) {
    const needs = scalarsOf(child(value, 'needs'));
    edges.set(
      key,
      needs.map((node) => textOf(node)!).filter((name) => known.has(name)),
    );
    for (const node of needs) {
      const name = textOf(node)!;
      if (known.has(name)) continue;
      const near = problems.near(name, names);
      problems.error('unknown-need', headOf(node), `there is no job ${shown(name)}`, {
        suggestion: near ? `did you mean \`${near}\`?` : 'name a job of this workflow',
      });
    }
  }
  for (const circle of circlesOf(edges)) {
    const at = jobs.entries.find(({ key }) => key === circle[0])!.keySpan;
    problems.error(
      'circular-needs',
      at,
      `the jobs wait for each other in a circle: ${[...circle, circle[0]].map((name) => shown(name)).join(' -> ')}`,
      { suggestion: 'remove one of these `needs`' },
    );
  }
}
