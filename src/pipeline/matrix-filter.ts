import { data } from '@actions/expressions';
import { equals } from '@actions/expressions/result';
import type { JsonObject, JsonValue } from '../base/json.ts';
import { type ExpressionData, toData } from './expression-data.ts';

interface Leaf {
  readonly path: readonly (string | number)[];
  readonly value: ExpressionData;
}

/**
 * A test for combinations: each simple value in `filter`, however deep, must equal (`==` of the expression language, so
 * without regard to case) what the combination has in the same place. Keys that the filter does not name are free.
 */
export function matrixFilter(filter: JsonObject): (cell: JsonObject) => boolean {
  const leaves = leavesOf(filter, []);
  return (cell) => leaves.every((leaf) => equals(valueAt(cell, leaf.path), leaf.value));
}

function leavesOf(value: JsonValue, path: readonly (string | number)[]): readonly Leaf[] {
  if (value === null || typeof value !== 'object') return [{ path, value: toData(value) }];
  const entries: [string | number, JsonValue][] = Array.isArray(value)
    ? value.map((item: JsonValue, position) => [position, item])
    : Object.entries(value as JsonObject);
  return entries.flatMap(([key, item]) => leavesOf(item, [...path, key]));
}

function valueAt(cell: JsonObject, path: readonly (string | number)[]): ExpressionData {
  let value: ExpressionData | undefined = toData(cell);
  for (const key of path) {
    if (value instanceof data.Dictionary) value = value.get(String(key));
    else if (value instanceof data.Array && typeof key === 'number') value = value.get(key);
    else value = undefined;
  }
  return value ?? toData(null);
}
