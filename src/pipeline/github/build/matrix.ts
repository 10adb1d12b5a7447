import type { JsonObject, JsonValue } from '../../../base/json.ts';
import { combine } from '../../matrix.ts';
import { child, type Node, placeOf } from '../../native/node.ts';
import type { Problems } from '../../native/problem.ts';
import { headOf } from '../../native/read.ts';
import type { Matrix } from '../../plan.ts';
import { expressionOfData, isOpen } from './expression.ts';
import { dataOf } from './text.ts';

/** The matrix under `strategy`; null when there is none, or a wrong one (which is reported). */
export function matrixOf(strategy: Node | undefined, problems: Problems): Matrix | null {
  const node = strategy && child(strategy, 'matrix');
  if (!strategy || !node || (node.kind === 'scalar' && node.value === null)) return null;
  const failFast = constant(child(strategy, 'fail-fast'), 'boolean');
  const maxParallel = constant(child(strategy, 'max-parallel'), 'number');
  const settings = {
    include: [],
    exclude: [],
    failFast: failFast ?? true,
    maxParallel: maxParallel !== null && maxParallel >= 1 ? Math.floor(maxParallel) : null,
  };
  const value = dataOf(node);
  if (isOpen(value)) {
    const place = placeOf(headOf(node));
    return { ...settings, cells: null, expression: { source: expressionOfData(value), place } };
  }
  const { include = [], exclude = [], ...axes } = value as JsonObject;
  const lists = Object.entries(axes).every(([, values]) => Array.isArray(values));
  if (!lists || !isObjects(include) || !isObjects(exclude)) return null;
  const combined = combine(axes as Record<string, readonly JsonValue[]>, include, exclude);
  if ('problem' in combined) {
    problems.error('bad-matrix', headOf(node), combined.problem);
    return null;
  }
  return { ...settings, cells: combined.cells, expression: null };
}

interface Kinds {
  readonly boolean: boolean;
  readonly number: number;
}

/** A value that is known in the plan; null for an expression, or nothing. */
export function constant<K extends keyof Kinds>(node: Node | undefined, kind: K): Kinds[K] | null {
  if (node?.kind !== 'scalar' || node.value === null) return null;
  // Of what is no expression either the schema has spoken.
  return typeof node.value === kind ? (node.value as Kinds[K]) : null;
}

function isObjects(value: JsonValue): value is readonly JsonObject[] {
  return (
    Array.isArray(value) &&
    value.every((item) => item !== null && typeof item === 'object' && !Array.isArray(item))
  );
}
