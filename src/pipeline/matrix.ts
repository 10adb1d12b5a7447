import type { JsonObject, JsonValue } from '../base/json.ts';
import { counted } from '../base/text.ts';
import { evaluateValue } from './expression.ts';
import type { ExpressionContext } from './expression-context.ts';
import { matrixFilter } from './matrix-filter.ts';
import { cellName, MATRIX_CELLS_MAX, type Matrix } from './plan.ts';

/** How many combinations are compared with an `exclude` that may bring their number down again: some 100 ms. */
const COMPARISONS_MAX = 1_000_000;

type Combined = { readonly cells: readonly JsonObject[] } | { readonly problem: string };

/**
 * Every combination of the axes, the last axis changing fastest, with GitHub's `exclude` and `include`: first the
 * combinations that match an `exclude` go; then each `include` adds its further keys to every combination that agrees
 * with it on the axes (a later one may overwrite what an earlier one added, never an axis), or, when none agrees, becomes a combination of its own
 * at the end. Returns one sentence when there are none, more than 256, or an entry makes no sense.
 */
export function combine(
  axes: Readonly<Record<string, readonly JsonValue[]>>,
  include: readonly JsonObject[],
  exclude: readonly JsonObject[],
): Combined {
  const names = Object.keys(axes);
  const empty = names.find((name) => axes[name]!.length === 0);
  if (empty !== undefined) return { problem: `the matrix has no value for '${empty}'` };

  const count = names.length === 0 ? 0 : names.reduce((product, name) => product * axes[name]!.length, 1);
  if (count > MATRIX_CELLS_MAX && (exclude.length === 0 || count * exclude.length > COMPARISONS_MAX)) {
    const sizes = names.map((name) => axes[name]!.length).join(' x ');
    return { problem: `the matrix has ${sizes} = ${count} combinations; the most is ${MATRIX_CELLS_MAX}` };
  }
  return refine(combinations(axes, count), names, include, exclude);
}

function* combinations(
  axes: Readonly<Record<string, readonly JsonValue[]>>,
  count: number,
): Generator<JsonObject> {
  const entries = Object.entries(axes);
  for (let number = 0; number < count; number++) {
    let block = count;
    const pairs = entries.map(([name, values]): [string, JsonValue] => {
      block /= values.length;
      return [name, values[Math.floor(number / block) % values.length]!];
    });
    // Not by assignment: an axis may be called `__proto__`.
    yield Object.fromEntries(pairs);
  }
}

/** Applies exclude and include to combinations whose own keys are `names`, and the limit on their number. */
function refine(
  base: Iterable<JsonObject>,
  names: readonly string[],
  include: readonly JsonObject[],
  exclude: readonly JsonObject[],
): Combined {
  const isAxis = axisTest(names);
  const problem = excludeProblem(exclude, names, isAxis) ?? includeProblem(include);
  if (problem) return { problem };

  const excluded = exclude.map(matrixFilter);
  const kept: JsonObject[] = [];
  for (const cell of base) {
    if (excluded.some((matches) => matches(cell))) continue;
    if (kept.length === MATRIX_CELLS_MAX) return { problem: tooMany() };
    kept.push(cell);
  }

  const cells = kept.slice();
  const added: JsonObject[] = [];
  for (const entry of include) {
    const filter = pick(entry, isAxis);
    const extra = pick(entry, (key) => !isAxis(key));
    const matches = matrixFilter(filter);
    let found = false;
    // Matching looks at the axes alone, so at `kept`, not at what earlier entries made of it.
    for (const [position, cell] of kept.entries()) {
      if (!matches(cell)) continue;
      found = true;
      cells[position] = { ...cells[position], ...extra };
    }
    if (!found) added.push({ ...filter, ...extra });
  }
  cells.push(...added);
  if (cells.length > MATRIX_CELLS_MAX) return { problem: tooMany() };
  const twice = duplicate(cells);
  if (twice) return { problem: `the matrix has the combination${twice} twice` };
  if (cells.length === 0) return { problem: 'the matrix has no combination: nothing is left of it' };
  return { cells };
}

function axisTest(names: readonly string[]): (key: string) => boolean {
  const lower = new Set(names.map((name) => name.toLowerCase()));
  return (key) => lower.has(key.toLowerCase());
}

function pick(entry: JsonObject, wanted: (key: string) => boolean): JsonObject {
  return Object.fromEntries(Object.entries(entry).filter(([key]) => wanted(key)));
}

function excludeProblem(
  exclude: readonly JsonObject[],
  names: readonly string[],
  isAxis: (key: string) => boolean,
): string | null {
  for (const entry of exclude) {
    const keys = Object.keys(entry);
    if (keys.length === 0) return 'an entry of exclude is empty, which would exclude everything';
    const stray = keys.find((key) => !isAxis(key));
    if (stray !== undefined)
      return `exclude names '${stray}', which is not in the matrix (${names.join(', ') || 'it has no axis'})`;
  }
  return null;
}

function includeProblem(include: readonly JsonObject[]): string | null {
  return include.some((entry) => Object.keys(entry).length === 0) ? 'an entry of include is empty' : null;
}

/** A cell is known by its name, so two of one name cannot be told apart. (GitHub would run both.) */
function duplicate(cells: readonly JsonObject[]): string | null {
  const names = new Set<string>();
  for (const cell of cells) {
    const name = cellName('', cell);
    if (names.has(name)) return name;
    names.add(name);
  }
  return null;
}

function tooMany(): string {
  return `the matrix has more than ${counted(MATRIX_CELLS_MAX, 'combination')}, which is the most`;
}

/**
 * The combinations of a matrix: those that are known, or what its expression gives now (a list of objects, or an object
 * of lists with optional `include` and `exclude`), to which the matrix's own include and exclude are applied. Problems
 * come back as one sentence; no combination at all is a problem.
 */
export function expandMatrix(
  matrix: Matrix,
  context: ExpressionContext,
):
  | { readonly ok: true; readonly cells: readonly JsonObject[] }
  | { readonly ok: false; readonly message: string } {
  if (matrix.cells) return { ok: true, cells: matrix.cells };
  if (!matrix.expression) throw new Error('internal error: a matrix without cells has no expression');
  const result = evaluateValue(matrix.expression.source, context);
  if (!result.ok) return result;
  const combined = combineValue(result.value, matrix);
  return 'cells' in combined ? { ok: true, cells: combined.cells } : { ok: false, message: combined.problem };
}

function combineValue(value: JsonValue, matrix: Matrix): Combined {
  if (typeof value === 'string') {
    return { problem: 'the matrix is a text; make a list or an object of it with fromJSON(…)' };
  }
  if (isObjectList(value)) {
    const names = [...new Set(value.flatMap((cell) => Object.keys(cell)))];
    return refine(value, names, matrix.include, matrix.exclude);
  }
  if (!isObject(value)) {
    return { problem: `the matrix is ${kindOf(value)}; it must be a list of objects or an object of lists` };
  }
  return combineObject(value, matrix);
}

function combineObject(value: JsonObject, matrix: Matrix): Combined {
  const { include = [], exclude = [], ...axes } = value;
  if (!isObjectList(include))
    return { problem: `include of the matrix is ${kindOf(include)}, not a list of objects` };
  if (!isObjectList(exclude))
    return { problem: `exclude of the matrix is ${kindOf(exclude)}, not a list of objects` };
  for (const [name, values] of Object.entries(axes)) {
    if (!Array.isArray(values))
      return { problem: `'${name}' of the matrix is ${kindOf(values)}, not a list` };
  }
  const lists = axes as Readonly<Record<string, readonly JsonValue[]>>;
  return combine(lists, [...include, ...matrix.include], [...exclude, ...matrix.exclude]);
}

function isObject(value: JsonValue): value is JsonObject {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

function isObjectList(value: JsonValue): value is readonly JsonObject[] {
  return Array.isArray(value) && value.every(isObject);
}

function kindOf(value: JsonValue): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list with other things than objects';
  return typeof value === 'object' ? 'an object' : `a ${typeof value === 'string' ? 'text' : typeof value}`;
}
