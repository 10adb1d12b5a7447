import type { Place } from '../../../base/diagnostic.ts';
import { parseDuration } from '../../../base/duration.ts';
import type { Concurrency, Expression } from '../../plan.ts';
import { conditionSource } from '../expression-text.ts';
import { type Node, placeOf } from '../node.ts';
import { headOf } from '../read.ts';
import { nodeAt } from '../value.ts';

/** Variables as the plan has them: text. Values were checked to read as they are written. */
export function texts(
  variables: Readonly<Record<string, string | number | boolean>> | undefined,
): Record<string, string> {
  const result: Record<string, string> = {};
  for (const [name, value] of Object.entries(variables ?? {})) result[name] = String(value);
  return result;
}

/** Milliseconds of a checked duration, or `otherwise` where there is none. */
export function durationMs<T extends number | null>(
  value: string | number | undefined,
  otherwise: T,
): number | T {
  return value === undefined ? otherwise : (parseDuration(value) ?? otherwise);
}

/** A value or a list of values, as a list. */
export function listOf<T>(value: T | readonly T[] | undefined): readonly T[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? value : [value as T];
}

/** The condition under `if` of a mapping, without `${{ }}`; null where there is none. */
export function conditionOf(container: { readonly if?: string | boolean }): Expression | null {
  if (container.if === undefined) return null;
  const node = nodeAt(container, 'if');
  const source = node.kind === 'scalar' ? conditionSource(node)?.source : undefined;
  return { source: (source ?? String(container.if)).trim(), place: placeOf(node) };
}

/** Two conditions that must both be true. */
export function bothConditions(outer: Expression | null, inner: Expression | null): Expression | null {
  if (!outer || !inner) return outer ?? inner;
  return { source: `(${outer.source}) && (${inner.source})`, place: inner.place };
}

/** What stands under a key that takes one value or a list of them, each with its place. */
export function entriesOf(
  container: object,
  key: string,
): { readonly value: unknown; readonly node: Node }[] {
  const given = (container as Readonly<Record<string, unknown>>)[key];
  if (given === undefined) return [];
  return Array.isArray(given)
    ? given.map((value, index) => ({ value, node: nodeAt(given, index) }))
    : [{ value: given, node: nodeAt(container, key) }];
}

type ConcurrencyDefinition = string | { readonly group: string; readonly policy?: Concurrency['policy'] };

export function concurrencyOf(definition: ConcurrencyDefinition | undefined): Concurrency | null {
  if (definition === undefined) return null;
  if (typeof definition === 'string') return { group: definition, policy: 'queue' };
  return { group: definition.group, policy: definition.policy ?? 'queue' };
}

/** The place of a value for the plan; of a mapping, its first line. */
export function placeOfNode(node: Node): Place {
  return placeOf(headOf(node));
}
