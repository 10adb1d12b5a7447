import type { Node } from './node.ts';

/**
 * Where a mapping or list keeps its tree. Not enumerable, so that no copy and no loop sees it. A weak map of 100,000 values
 * would cost the garbage collector more than all the reading.
 */
const NODE = Symbol('node');

/**
 * The plain value of a tree. Mappings have no prototype, so no key can be special. `nodeAt` finds the tree again from a
 * mapping or list of the value, and with it the place.
 */
export function plainValue(node: Node): unknown {
  if (node.kind === 'scalar') return node.value;
  const value: unknown[] | Record<string, unknown> =
    node.kind === 'list' ? node.items.map(plainValue) : Object.create(null);
  if (node.kind === 'map')
    for (const entry of node.entries) (value as Record<string, unknown>)[entry.key] = plainValue(entry.value);
  Object.defineProperty(value, NODE, { value: node });
  return value;
}

/** The tree of a mapping or list that `plainValue` made, or of one of its parts. */
export function nodeAt(container: object, part?: string | number): Node {
  const node = (container as { readonly [NODE]?: Node })[NODE];
  if (!node) throw new Error('internal error: the value was not read from a definition');
  if (part === undefined) return node;
  const inner =
    node.kind === 'map'
      ? node.entries.find((entry) => entry.key === part)?.value
      : node.kind === 'list'
        ? node.items[part as number]
        : undefined;
  return inner ?? node;
}

/** A tree without some keys, for values whose large parts are made apart. */
export function without(node: Node, keys: readonly string[]): Node {
  return node.kind === 'map'
    ? { ...node, entries: node.entries.filter((entry) => !keys.includes(entry.key)) }
    : node;
}
