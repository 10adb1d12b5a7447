import type * as z from 'zod';
import type { JsonObject, JsonValue } from '../../../base/json.ts';
import { combine } from '../../matrix.ts';
import type { Matrix } from '../../plan.ts';
import { conditionSource } from '../expression-text.ts';
import { placeOf } from '../node.ts';
import { shown } from '../problem.ts';
import { headOf } from '../read.ts';
import type { matrix } from '../schema/matrix.ts';
import { nodeAt } from '../value.ts';
import type { BuildContext } from './context.ts';

type MatrixDefinition = z.input<ReturnType<typeof matrix>>;
const OWN_KEYS = new Set(['include', 'exclude', 'fail_fast', 'max_parallel']);

/** The matrix under `matrix` of a job; null when it has none or a wrong one (which is reported). */
export function matrixOf(job: { readonly matrix?: MatrixDefinition }, context: BuildContext): Matrix | null {
  const definition = job.matrix;
  if (definition === undefined) return null;
  const node = nodeAt(job, 'matrix');
  const common = { include: [], exclude: [], failFast: true, maxParallel: null };
  if (typeof definition === 'string') {
    return { ...common, cells: null, expression: { source: bare(definition), place: placeOf(node) } };
  }
  const include = (definition.include ?? []) as JsonObject[];
  const exclude = (definition.exclude ?? []) as JsonObject[];
  const settings = { failFast: definition.fail_fast ?? true, maxParallel: definition.max_parallel ?? null };
  const axes: Record<string, string | readonly JsonValue[]> = {};
  for (const [name, values] of Object.entries(definition)) {
    if (OWN_KEYS.has(name)) continue;
    axes[name] = values as string | readonly JsonValue[];
    const near = name.length > 5 ? context.problems.near(name, [...OWN_KEYS]) : null;
    if (near) {
      context.problems.warn('odd-axis', nodeAt(definition, name), `${shown(name)} is an axis of the matrix`, {
        suggestion: `did you mean \`${near}\`?`,
      });
    }
  }
  if (Object.values(axes).some((values) => typeof values === 'string')) {
    return {
      ...settings,
      cells: null,
      expression: { source: axesExpression(axes), place: placeOf(headOf(node)) },
      include,
      exclude,
    };
  }
  const combined = combine(axes as Record<string, readonly JsonValue[]>, include, exclude);
  if ('problem' in combined) {
    context.problems.error('bad-matrix', headOf(node), combined.problem);
    return null;
  }
  if (combined.cells.length === 0) {
    context.problems.error('bad-matrix', headOf(node), 'the matrix has no combination', {
      suggestion: 'give at least one axis with a value',
    });
    return null;
  }
  return { ...settings, cells: combined.cells, expression: null, include: [], exclude: [] };
}

/** One expression that gives an object of lists, from axes of which some are expressions. */
function axesExpression(axes: Readonly<Record<string, string | readonly JsonValue[]>>): string {
  const expressions: string[] = [];
  const parts = Object.entries(axes).map(([name, values]) => {
    if (typeof values !== 'string')
      return `${literal(JSON.stringify(name))}:${literal(JSON.stringify(values))}`;
    expressions.push(`toJSON(${bare(values)})`);
    return `${literal(JSON.stringify(name))}:{${expressions.length - 1}}`;
  });
  return `fromJSON(format('{{${parts.join(',')}}}', ${expressions.join(', ')}))`;
}

/** Text for the first argument of `format`. */
function literal(text: string): string {
  return text.replaceAll("'", "''").replaceAll('{', '{{').replaceAll('}', '}}');
}

function bare(expression: string): string {
  const node = { kind: 'scalar', value: expression } as Parameters<typeof conditionSource>[0];
  return (conditionSource(node)?.source ?? expression).trim();
}
