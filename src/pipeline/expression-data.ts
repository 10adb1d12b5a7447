import { data } from '@actions/expressions';
import type { JsonObject, JsonValue } from '../base/json.ts';
import type { ExpressionContext } from './expression-context.ts';
import { githubContext } from './expression-github.ts';

export type ExpressionData = data.ExpressionData;

const NULL = new data.Null();
const TRUE = new data.BooleanData(true);
const FALSE = new data.BooleanData(false);

/** Plain values are never changed in place, so one wrapping serves for good; it also makes `x == x` true for objects. */
const wrapped = new WeakMap<object, ExpressionData>();

/** A plain value as the expression library wants it. Objects are wrapped only as far as somebody looks. */
export function toData(value: JsonValue | undefined): ExpressionData {
  if (value === undefined || value === null) return NULL;
  if (typeof value === 'string') return new data.StringData(value);
  if (typeof value === 'number') return new data.NumberData(value);
  if (typeof value === 'boolean') return value ? TRUE : FALSE;
  let found = wrapped.get(value);
  if (!found) {
    found = Array.isArray(value) ? arrayData(value) : new ObjectData(value as JsonObject);
    wrapped.set(value, found);
  }
  return found;
}

/** The plain value of a result. Numbers that JSON does not know (NaN, Infinity) become null. */
export function fromData(value: ExpressionData): JsonValue {
  if (value instanceof ObjectData) return value.source;
  switch (value.kind) {
    case data.Kind.String:
    case data.Kind.Boolean:
      return (value as data.StringData | data.BooleanData).value;
    case data.Kind.Number: {
      const number = (value as data.NumberData).value;
      return Number.isFinite(number) ? number : null;
    }
    case data.Kind.Array:
      return (value as data.Array).values().map(fromData);
    case data.Kind.Dictionary:
      return Object.fromEntries(
        (value as data.Dictionary).pairs().map((pair) => [pair.key, fromData(pair.value)]),
      );
    default:
      return null;
  }
}

function arrayData(values: readonly JsonValue[]): data.Array {
  const result = new data.Array();
  for (const value of values) result.add(toData(value));
  return result;
}

/**
 * A dictionary over a plain object. Unlike the library's own, it costs nothing until it is read, and a key such as
 * `constructor` is a key like any other. A key in its exact spelling wins over one that differs in case only.
 */
class ObjectData extends data.Dictionary {
  readonly source: JsonObject;
  #byLowerCase: Map<string, string> | null = null;

  constructor(source: JsonObject) {
    super();
    this.source = source;
  }

  override get(key: string): ExpressionData | undefined {
    if (Object.hasOwn(this.source, key)) return toData(this.source[key]);
    this.#byLowerCase ??= firstSpellings(Object.keys(this.source));
    const spelling = this.#byLowerCase.get(key.toLowerCase());
    return spelling === undefined ? undefined : toData(this.source[spelling]);
  }

  override values(): ExpressionData[] {
    return Object.values(this.source).map(toData);
  }

  override pairs(): { key: string; value: ExpressionData }[] {
    return Object.entries(this.source).map(([key, value]) => ({ key, value: toData(value) }));
  }
}

function firstSpellings(keys: readonly string[]): Map<string, string> {
  const spellings = new Map<string, string>();
  for (const key of keys) {
    const lower = key.toLowerCase();
    if (!spellings.has(lower)) spellings.set(lower, key);
  }
  return spellings;
}

/** The top level: names of contexts to their values. A context that does not exist in this place is null, as in GitHub. */
export class ContextData extends data.Dictionary {
  readonly #context: ExpressionContext;

  constructor(context: ExpressionContext) {
    super();
    this.#context = context;
  }

  override get(name: string): ExpressionData {
    const context = this.#context;
    switch (name.toLowerCase()) {
      case 'git':
        return toData(context.git);
      case 'event':
        return toData(context.event);
      case 'run':
        return toData(context.run);
      case 'pipeline':
        return toData(context.pipeline);
      case 'inputs':
        return toData(context.inputs);
      case 'vars':
      case 'variables':
        return toData(context.vars);
      case 'env':
        return toData(visibleVariables(context));
      case 'matrix':
        return toData(context.matrix);
      case 'needs':
        return toData(context.needs);
      case 'steps':
        return toData(context.steps);
      case 'job':
        return toData(context.job);
      case 'jobs':
        return toData(context.jobs);
      case 'deploy':
        return toData(context.deploy);
      case 'runner':
        return toData(context.runner);
      case 'strategy':
        return toData(context.strategy);
      case 'secrets':
        return toData(context.secrets);
      case 'github':
        return toData(cachedGithubContext(context));
      default:
        return NULL;
    }
  }
}

const visible = new WeakMap<ExpressionContext, JsonObject>();

/** The same object each time, so that `env == env`. */
function visibleVariables(context: ExpressionContext): JsonObject | undefined {
  const { env, envNames } = context;
  if (!env || !envNames) return env;
  let found = visible.get(context);
  if (!found) {
    found = Object.fromEntries(Object.entries(env).filter(([name]) => envNames.has(name)));
    visible.set(context, found);
  }
  return found;
}

const githubContexts = new WeakMap<ExpressionContext, JsonObject>();

/** Made once for a context, when somebody looks at it. */
function cachedGithubContext(context: ExpressionContext): JsonObject {
  let derived = githubContexts.get(context);
  if (!derived) {
    derived = githubContext(context);
    githubContexts.set(context, derived);
  }
  return derived;
}
