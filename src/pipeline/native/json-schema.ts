import * as z from 'zod';
import type { JsonObject, JsonValue } from '../../base/json.ts';
import { pipelineSchema } from './schema/pipeline.ts';

type Mutable = { [key: string]: JsonValue | undefined };

/**
 * The JSON Schema of the language for editors, from the same source that files are checked with. It knows aliases and
 * hyphens of keys. Rules that compare several keys are not in it; `sluice validate` has them.
 */
export function jsonSchema(schema: z.ZodType = pipelineSchema): JsonObject {
  const generated = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as Mutable;
  return { title: 'Sluice pipeline', ...(spelled(generated as JsonValue) as JsonObject) };
}

/** Without the notes that are for the checker, and with every spelling of each key. */
function spelled(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(spelled);
  if (value === null || typeof value !== 'object') return value;
  const { example, aliases, expects, template, condition, id, ...rest } = value as Mutable;
  const result: Mutable = {};
  for (const [key, inner] of Object.entries(rest)) {
    if (inner === undefined) continue;
    result[key] = key === 'properties' || key === '$defs' ? eachValue(inner as JsonObject) : spelled(inner);
  }
  return withSpellings(result, (value as Mutable).properties as JsonObject | undefined) as JsonObject;
}

function eachValue(values: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, spelled(value)]));
}

/** Adds the other spellings of each key; a required key may be given in any of them. */
function withSpellings(schema: Mutable, notes: JsonObject | undefined): Mutable {
  if (!notes) return schema;
  const properties: Record<string, JsonValue> = { ...(schema.properties as JsonObject) };
  const required = new Set((schema.required ?? []) as string[]);
  const anyOf: JsonValue[] = [];
  for (const [key, note] of Object.entries(notes)) {
    const aliases = ((note as JsonObject).aliases ?? []) as string[];
    const others = [key, ...aliases]
      .flatMap((name) => (name.includes('_') ? [name, name.replaceAll('_', '-')] : [name]))
      .filter((name) => name !== key);
    for (const other of others)
      properties[other] ??= { ...(properties[key] as JsonObject), description: `The same as \`${key}\`.` };
    if (required.has(key) && others.length > 0) {
      required.delete(key);
      anyOf.push({ anyOf: [key, ...others].map((name) => ({ required: [name] })) });
    }
  }
  const { required: _, ...rest } = schema;
  return {
    ...rest,
    properties,
    ...(required.size > 0 ? { required: [...required] } : {}),
    ...(anyOf.length > 0 ? { allOf: anyOf } : {}),
  };
}
