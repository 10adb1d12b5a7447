import { data } from '@actions/expressions';
import { falsy } from '@actions/expressions/result';
import type { JsonObject } from '../base/json.ts';
import type { ExpressionContext } from './expression-context.ts';
import { type ExpressionData, fromData } from './expression-data.ts';

/** Replaces the values of secrets in a text by `***`. */
export type Mask = (text: string) => string;

const SHOWN_MAX = 80;

const masks = new WeakMap<JsonObject, Mask>();

/** The mask for the secrets that an expression can see. */
export function maskFor(context: ExpressionContext): Mask {
  const { secrets } = context;
  if (!secrets) return (text) => text;
  let mask = masks.get(secrets);
  if (!mask) {
    mask = maskOf(secrets);
    masks.set(secrets, mask);
  }
  return mask;
}

function maskOf(secrets: JsonObject): Mask {
  const values = new Set<string>();
  for (const value of Object.values(secrets)) {
    if (typeof value !== 'string' || value === '') continue;
    values.add(value);
    values.add(value.replaceAll("'", "''"));
    values.add(JSON.stringify(value).slice(1, -1));
  }
  const longestFirst = [...values].sort((a, b) => b.length - a.length);
  return (text) => longestFirst.reduce((masked, value) => masked.replaceAll(value, '***'), text);
}

/** A value as it would be written in an expression, shortened; `***` when it may hold a secret. */
export function shownValue(value: ExpressionData, secret: boolean, mask: Mask): string {
  if (secret) return falsy(value) && value.kind !== data.Kind.Boolean ? shownPlain(value) : '***';
  const shown = mask(shownPlain(value));
  return shown.length > SHOWN_MAX ? `${shown.slice(0, SHOWN_MAX - 1)}…` : shown;
}

function shownPlain(value: ExpressionData): string {
  switch (value.kind) {
    case data.Kind.String:
      return `'${(value as data.StringData).value.replaceAll("'", "''")}'`;
    case data.Kind.Null:
      return 'null';
    case data.Kind.Array:
      return shownList(value as data.Array);
    default:
      return value.coerceString();
  }
}

/** A short list of simple values is told in full; it is what `contains(needs.*.result, …)` turns on. */
function shownList(list: data.Array): string {
  const values = list.values();
  if (values.length > 10 || values.some((value) => !value.primitive)) return `a list of ${values.length}`;
  return JSON.stringify(values.map(fromData));
}
