import type { Graph } from './graph.ts';
import { Heap } from './heap.ts';

/** What a job asks of the workers. */
export interface Work {
  /** 0 for a job that will not run. */
  readonly cells: number;
  readonly cellMs: number;
  /** How many of its cells may run at once; null for any number. */
  readonly parallelMax: number | null;
}

/** How long the job takes when no worker is missing. */
export function jobMs({ cells, cellMs, parallelMax }: Work): number {
  return cells === 0 ? 0 : Math.ceil(cells / (parallelMax ?? cells)) * cellMs;
}

/** For each job the time from its start to the end of the longest chain behind it. */
export function remainingMs(graph: Graph, works: readonly Work[]): readonly number[] {
  const remaining = works.map(jobMs);
  const behind = graph.barriers.map(() => 0);
  for (const job of graph.order.toReversed()) {
    remaining[job]! += Math.max(0, ...graph.barriersBehind[job]!.map((barrier) => behind[barrier]!));
    const barrier = graph.barrierOf[job]!;
    behind[barrier] = Math.max(behind[barrier]!, remaining[job]!);
  }
  return remaining;
}

interface Running {
  readonly endMs: number;
  readonly job: number;
}

/**
 * The time the whole takes with `workersMax` (at least one) workers that always take the ready cell with the longest
 * chain behind it: what the engine does.
 */
export function totalMs(graph: Graph, works: readonly Work[], workersMax: number): number {
  const remaining = remainingMs(graph, works);
  const ready = new Heap<number>((one, other) =>
    remaining[one] === remaining[other] ? one < other : remaining[one]! > remaining[other]!,
  );
  const running = new Heap<Running>((one, other) => one.endMs < other.endMs);
  const waitingFor = graph.barriers.map((list) => list.length);
  const toStart = works.map((work) => work.cells);
  const toEnd = works.map((work) => work.cells);
  const active = works.map(() => 0);
  let nowMs = 0;

  /** The jobs behind a barrier may start; those that have nothing to do are over at once. */
  const open = (first: number) => {
    const barriers = [first];
    for (let barrier = barriers.pop(); barrier !== undefined; barrier = barriers.pop()) {
      for (const job of graph.jobsBehind[barrier]!) {
        if (toStart[job]! > 0) ready.push(job);
        else barriers.push(...passed(job));
      }
    }
  };
  const passed = (job: number) =>
    graph.barriersBehind[job]!.filter((barrier) => --waitingFor[barrier]! === 0);
  const isHeld = (job: number) => active[job] === works[job]!.parallelMax;
  const start = (job: number) => {
    toStart[job]!--;
    active[job]!++;
    running.push({ endMs: nowMs + works[job]!.cellMs, job });
    if (toStart[job]! > 0 && !isHeld(job)) ready.push(job);
  };
  const end = (job: number) => {
    if (toStart[job]! > 0 && isHeld(job)) ready.push(job);
    active[job]!--;
    toEnd[job]!--;
    if (toEnd[job] === 0) for (const barrier of passed(job)) open(barrier);
  };

  for (const [barrier, list] of graph.barriers.entries()) if (list.length === 0) open(barrier);
  while (running.size > 0 || ready.size > 0) {
    while (ready.size > 0 && running.size < workersMax) start(ready.pop()!);
    const next = running.pop()!;
    nowMs = next.endMs;
    end(next.job);
  }
  return nowMs;
}
