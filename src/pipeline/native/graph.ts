/** More than this would not be read; a graph may have very many. */
const CIRCLES_MAX = 10;

/**
 * The circles of a graph given as edges from a name to the names it waits for, each once, as `a -> b -> a` without the
 * repeated end. Names without edges may be missing from the map.
 */
export function circlesOf(edges: ReadonlyMap<string, readonly string[]>): string[][] {
  const state = new Map<string, 'open' | 'done'>();
  const circles: string[][] = [];
  for (const start of edges.keys()) {
    if (state.has(start)) continue;
    // An own stack: a chain of 10,000 jobs must not need as many frames.
    const path: { name: string; next: number }[] = [{ name: start, next: 0 }];
    state.set(start, 'open');
    while (path.length > 0) {
      const top = path.at(-1)!;
      const target = (edges.get(top.name) ?? [])[top.next++];
      if (target === undefined) {
        state.set(top.name, 'done');
        path.pop();
      } else if (state.get(target) === 'open') {
        const names = path.map((one) => one.name);
        circles.push(names.slice(names.indexOf(target)));
        if (circles.length === CIRCLES_MAX) return circles;
      } else if (!state.has(target)) {
        state.set(target, 'open');
        path.push({ name: target, next: 0 });
      }
    }
  }
  return circles;
}
