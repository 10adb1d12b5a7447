import type { JsonValue } from '../../../base/json.ts';
import { entryOf, type Node, type ScalarNode } from '../../native/node.ts';

/** A scalar as GitHub's language makes text of it; null for anything else, or nothing. */
export function textOf(node: Node | undefined): string | null {
  if (node?.kind !== 'scalar') return null;
  return node.value === null ? '' : String(node.value);
}

/** The text under a key; null when there is none. */
export function textUnder(node: Node, key: string): string | null {
  return textOf(entryOf(node, key)?.value);
}

/** A mapping of texts; what is no text was reported. */
export function textsOf(node: Node | undefined): Record<string, string> {
  if (node?.kind !== 'map') return {};
  const pairs = node.entries.flatMap(({ key, value }): [string, string][] => {
    const text = textOf(value);
    return text === null ? [] : [[key, text]];
  });
  return Object.fromEntries(pairs);
}

/** The scalars of a list, or the one that stands instead of a list. */
export function scalarsOf(node: Node | undefined): ScalarNode[] {
  if (node?.kind === 'scalar') return node.value === null ? [] : [node];
  if (node?.kind !== 'list') return [];
  return node.items.filter((item) => item.kind === 'scalar');
}

export function listOf(node: Node | undefined): string[] {
  return scalarsOf(node).map((scalar) => textOf(scalar)!);
}

/** Plain data. Not by assignment: a key may be called `__proto__`. */
export function dataOf(node: Node): JsonValue {
  if (node.kind === 'scalar') return node.value;
  if (node.kind === 'list') return node.items.map(dataOf);
  return Object.fromEntries(node.entries.map(({ key, value }) => [key, dataOf(value)]));
}

/** Every text below a node, with the node that it stands in. */
export function* textsBelow(node: Node): Generator<ScalarNode & { readonly value: string }> {
  if (node.kind === 'list') for (const item of node.items) yield* textsBelow(item);
  else if (node.kind === 'map') for (const entry of node.entries) yield* textsBelow(entry.value);
  else if (typeof node.value === 'string') yield node as ScalarNode & { readonly value: string };
}
