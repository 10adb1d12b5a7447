import { visible } from '../../base/text.ts';
import { type Answer, figureOf, kindOf } from './answer.ts';
import type { Counters } from './counter.ts';

/** The value at a path such as `data.0.rate`; undefined: there is none. Only what the answer itself has is found. */
export function valueAt(json: unknown, path: string): unknown {
  let value = json;
  for (const key of path.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Readonly<Record<string, unknown>>)[key];
  }
  return value;
}

/** One figure at a path. */
export function figureAt(json: unknown, path: string): Answer<number> {
  const value = valueAt(json, path);
  if (value === undefined) return { problem: `has no field ${visible(path)}; see what it answers` };
  return figureOf(value, `the field ${visible(path)}`);
}

/**
 * What a version has done since its counters began: an object with `requests`, `errors` and, where the counters can begin anew, an
 * `epoch` that changes then.
 */
export function countersOf(value: unknown, what: string): Answer<Counters> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return {
      problem: `has ${kindOf(value)} in ${what}, but needs an object; give it \`requests\` and \`errors\``,
    };
  const { requests, errors, epoch } = value as Readonly<Record<string, unknown>>;
  if (!isCount(requests) || !isCount(errors))
    return { problem: `has no whole numbers \`requests\` and \`errors\` in ${what}; both count up from 0` };
  if (errors > requests)
    return { problem: `has more errors than requests in ${what}; count each failed request as both` };
  const known = typeof epoch === 'string' || typeof epoch === 'number' ? `${epoch}` : '';
  return { value: { epoch: known, counts: { requests, errors } } };
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
