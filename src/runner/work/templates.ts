import { digestOf } from '../../base/digest.ts';
import type { JsonObject, JsonValue } from '../../base/json.ts';
import { evaluateTemplate } from '../../pipeline/expression.ts';
import type { ExpressionContext } from '../../pipeline/expression-context.ts';
import { splitTemplate } from '../../pipeline/expression-template.ts';

/** What is not known before the work is done, or is a part of the fingerprint by itself. */
const LATER = /\b(steps|job|env|services)\s*[.[]|\b(success|failure|cancelled|always|hashFiles)\s*\(/i;
/** What a run is told; each is small. */
const TOLD = ['git', 'event', 'run', 'pipeline', 'inputs', 'vars', 'needs', 'matrix', 'secrets'] as const;

/** Whether a template looks at what is known only when the steps are over. */
export function isKnownLater(text: string): boolean {
  return (
    text.includes('${{') &&
    splitTemplate(text).parts.some((part) => part.kind === 'expression' && LATER.test(part.source))
  );
}

/**
 * A template as far as it is known before the work is done. An expression that also looks at what its steps make stands as it
 * is written, with all of the contexts that it names: then more counts than need be, and never less.
 */
export function knownText(text: string, context: ExpressionContext): JsonValue {
  if (!text.includes('${{')) return text;
  return splitTemplate(text).parts.map((part) => {
    if (part.kind === 'text') return part.text;
    if (LATER.test(part.source)) return knownExpression(part.source, context);
    const value = evaluateTemplate(`\${{${part.source}}}`, context);
    return value.ok ? { value: value.value } : { source: part.source, problem: value.message };
  });
}

/** An expression as it is written, with all contexts that it names. */
export function knownExpression(source: string, context: ExpressionContext): JsonObject {
  const named: Record<string, JsonValue> = {};
  for (const name of TOLD) {
    if (!new RegExp(`\\b${name}\\b`, 'i').test(source)) continue;
    // `variables` is another word for `vars`.
    named[name] = digestOf(JSON.stringify(context[name] ?? null));
  }
  if (/\bvariables\b/i.test(source)) named.vars = digestOf(JSON.stringify(context.vars ?? null));
  return { source, ...named };
}
