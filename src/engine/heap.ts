/**
 * An immutable priority queue (leftist heap): insert and remove are O(log n) and share the rest of the structure, so that
 * old states stay valid. Highest priority first; equal priorities in order of `index`.
 */
export interface Heap {
  readonly rank: number;
  readonly priority: number;
  readonly index: number;
  readonly left: Heap | null;
  readonly right: Heap | null;
}

export function insert(heap: Heap | null, priority: number, index: number): Heap {
  return merge(heap, { rank: 1, priority, index, left: null, right: null }) as Heap;
}

export function withoutFirst(heap: Heap): Heap | null {
  return merge(heap.left, heap.right);
}

function merge(one: Heap | null, other: Heap | null): Heap | null {
  if (!one) return other;
  if (!other) return one;
  const [first, second] = comesBefore(one, other) ? [one, other] : [other, one];
  const right = merge(first.right, second) as Heap;
  const left = first.left;
  return (left?.rank ?? 0) >= right.rank
    ? { rank: right.rank + 1, priority: first.priority, index: first.index, left, right }
    : { rank: (left?.rank ?? 0) + 1, priority: first.priority, index: first.index, left: right, right: left };
}

function comesBefore(one: Heap, other: Heap): boolean {
  return one.priority !== other.priority ? one.priority > other.priority : one.index < other.index;
}
