import { canonicalJson, type JsonObject, type JsonValue } from '../../../base/json.ts';
import { combine } from '../../matrix.ts';
import type { Matrix } from '../../plan.ts';
import type { DynamicSettings } from '../../plan-workflow.ts';
import type { Tree } from '../yaml.ts';
import { written } from './step.ts';

/** What stands under `strategy`. `expression`: writes an expression in GitHub's words. */
export function writtenStrategy(
  matrix: Matrix,
  dynamic: DynamicSettings,
  expression: (source: string) => string,
): Tree {
  return {
    matrix: matrix.cells
      ? writtenCells(matrix.cells)
      : `\${{ ${expression(matrix.expression?.source ?? '')} }}`,
    'fail-fast': dynamic.failFast ? written(dynamic.failFast) : matrix.failFast ? undefined : false,
    'max-parallel': dynamic.maxParallel ? written(dynamic.maxParallel) : (matrix.maxParallel ?? undefined),
  };
}

/** The combinations as axes where that gives exactly these, in this order; else one by one. */
export function writtenCells(cells: readonly JsonObject[]): Tree {
  const axes = axesOf(cells);
  return (axes ?? { include: cells }) as Tree;
}

/** The axes whose combinations, the last one changing fastest, are the cells; null when there are none such. */
export function axesOf(cells: readonly JsonObject[]): Record<string, readonly JsonValue[]> | null {
  const names = Object.keys(cells[0] ?? {});
  if (names.length === 0 || names.some((name) => /^(?:include|exclude)$/i.test(name))) return null;
  if (cells.some((cell) => Object.keys(cell).length !== names.length)) return null;
  const pairs = names.map((name) => {
    const values = new Map(cells.map((cell) => [canonicalJson(cell[name] ?? null), cell[name] ?? null]));
    return [name, [...values.values()] as readonly JsonValue[]] as const;
  });
  if (pairs.reduce((count, [, values]) => count * values.length, 1) !== cells.length) return null;
  const axes = Object.fromEntries(pairs);
  const combined = combine(axes, [], []);
  return 'cells' in combined && JSON.stringify(combined.cells) === JSON.stringify(cells) ? axes : null;
}
