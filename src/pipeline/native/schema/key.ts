import * as z from 'zod';
import type { CONTEXTS } from '../../expression-place.ts';

export type ContextName = keyof typeof CONTEXTS;

/** What a schema says about itself beside its shape. */
export interface SchemaNote {
  /** For people: what it does. */
  readonly description?: string;
  /** A short piece of YAML with the key in it, as it stands in the mapping that the key belongs to. */
  readonly example?: string;
  /** Other spellings of the key. A hyphen may stand for an underscore in every key anyway. */
  readonly aliases?: readonly string[];
  /** Completes "must be ...". */
  readonly expects?: string;
  /** `${{ }}` is allowed in the text and sees this. */
  readonly template?: ContextName;
  /** The text is one condition and sees this. */
  readonly condition?: ContextName;
}

export function noteOf(schema: z.core.$ZodType): SchemaNote {
  return (z.globalRegistry.get(schema) ?? {}) as SchemaNote;
}

/** A key that may be left out, with what the manual says about it. */
export function key<S extends z.ZodType>(
  schema: S,
  description: string,
  example: string,
  aliases: readonly string[] = [],
) {
  return schema.optional().meta({ description, example, aliases });
}

/** A key that must be there. */
export function requiredKey<S extends z.ZodType>(
  schema: S,
  description: string,
  example: string,
  aliases: readonly string[] = [],
): S {
  return schema.meta({ description, example, aliases });
}
