import type { PlanJob } from '../plan.ts';

/**
 * The jobs of a plan as numbers, for walks over many of them. Jobs that need the same stand behind one *barrier*, so that a
 * stage of 1,000 jobs after another of 1,000 is 2,000 edges and not a million.
 */
export interface Graph {
  /** What each barrier waits for. */
  readonly barriers: readonly Int32Array[];
  readonly barrierOf: readonly number[];
  readonly jobsBehind: readonly (readonly number[])[];
  /** For each job the barriers that wait for it. */
  readonly barriersBehind: readonly (readonly number[])[];
  /** Every job after all it needs; otherwise as in the file. */
  readonly order: readonly number[];
}

export function graphOf(jobs: readonly PlanJob[]): Graph {
  const lists = sharedNeeds(jobs);
  const barrierIndex = new Map([...new Set(lists)].map((list, index) => [list, index]));
  const barriers = barriersOf(jobs, [...barrierIndex.keys()]);
  const barrierOf = lists.map((list) => barrierIndex.get(list)!);
  const jobsBehind: number[][] = barriers.map(() => []);
  for (const [job, barrier] of barrierOf.entries()) jobsBehind[barrier]!.push(job);
  const barriersBehind: number[][] = jobs.map(() => []);
  for (const [barrier, list] of barriers.entries())
    for (const job of list) barriersBehind[job]!.push(barrier);
  const edges = { barriers, barrierOf, jobsBehind, barriersBehind };
  return { ...edges, order: orderOf(edges) };
}

/** The `needs` of each job, the same array for jobs one after the other that need the same. */
export function sharedNeeds(jobs: readonly PlanJob[]): readonly (readonly string[])[] {
  let last: readonly string[] = [];
  return jobs.map(({ needs }) => {
    if (!isSame(needs, last)) last = needs;
    return last;
  });
}

function isSame(one: readonly string[], other: readonly string[]): boolean {
  return one === other || (one.length === other.length && one.every((id, index) => id === other[index]));
}

function barriersOf(jobs: readonly PlanJob[], lists: readonly (readonly string[])[]): readonly Int32Array[] {
  const position = new Map(jobs.map((job, index) => [job.id, index]));
  return lists.map((list) =>
    Int32Array.from(list, (id) => {
      const index = position.get(id);
      if (index === undefined) throw new Error(`internal error: a job needs ${id}, which is not in the plan`);
      return index;
    }),
  );
}

function orderOf({ barriers, jobsBehind, barriersBehind }: Omit<Graph, 'order'>): readonly number[] {
  const waitingFor = barriers.map((list) => list.length);
  const order: number[] = [];
  const open = (barrier: number) => {
    for (const job of jobsBehind[barrier]!) order.push(job);
  };
  for (const [barrier, count] of [...waitingFor].entries()) if (count === 0) open(barrier);
  for (let next = 0; next < order.length; next++) {
    for (const barrier of barriersBehind[order[next]!]!) {
      waitingFor[barrier]!--;
      if (waitingFor[barrier] === 0) open(barrier);
    }
  }
  if (order.length !== barriersBehind.length)
    throw new Error('internal error: jobs of the plan need each other in a circle');
  return order;
}
