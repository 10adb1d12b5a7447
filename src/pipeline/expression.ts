import { Evaluator } from '@actions/expressions';
import type { JsonValue } from '../base/json.ts';
import type { ExpressionContext } from './expression-context.ts';
import { ContextData, type ExpressionData, fromData } from './expression-data.ts';
import { functionsFor } from './expression-function.ts';
import { evaluationMessage, syntaxMessage } from './expression-message.ts';
import { type ParsedExpression, parseExpression } from './expression-syntax.ts';
import { isTemplate, splitTemplate } from './expression-template.ts';

/*
 * GitHub's expression language, through GitHub's own package, for both pipeline languages. This file is its front door.
 */
export { checkExpression, checkTemplate } from './expression-check.ts';
export { type ConditionCauses, decisionSentence, evaluateCondition } from './expression-condition.ts';
export { CONTEXTS } from './expression-place.ts';

/**
 * Replaces every `${{ }}` of a text by its value. Text without any comes back at once. Values become text as in GitHub:
 * null is empty, an object is `Object`. Problems come back as one sentence; never throws.
 */
export function evaluateTemplate(
  text: string,
  context: ExpressionContext,
): { readonly ok: true; readonly value: string } | { readonly ok: false; readonly message: string } {
  if (!isTemplate(text)) return { ok: true, value: text };
  const { parts, unclosedAt } = splitTemplate(text);
  if (unclosedAt !== null) return { ok: false, message: `a \${{ has no closing }}` };
  let value = '';
  for (const part of parts) {
    if (part.kind === 'text') {
      value += part.text;
      continue;
    }
    const result = evaluate(part.source, context);
    if (!result.ok) return result;
    value += result.data.coerceString();
  }
  return { ok: true, value };
}

/** The value of an expression (without `${{ }}`) as plain data. Problems come back as one sentence; never throws. */
export function evaluateValue(
  source: string,
  context: ExpressionContext,
): { readonly ok: true; readonly value: JsonValue } | { readonly ok: false; readonly message: string } {
  const result = evaluate(source, context);
  if (!result.ok) return result;
  try {
    return { ok: true, value: fromData(result.data) };
  } catch (error) {
    return { ok: false, message: evaluationMessage(source, error) };
  }
}

function evaluate(
  source: string,
  context: ExpressionContext,
): { readonly ok: true; readonly data: ExpressionData } | { readonly ok: false; readonly message: string } {
  const parsed = parseExpression(source);
  if (!parsed.ok) return { ok: false, message: syntaxMessage(source, parsed.problem.message) };
  try {
    return { ok: true, data: run(parsed, context) };
  } catch (error) {
    return { ok: false, message: evaluationMessage(source, error) };
  }
}

function run(parsed: ParsedExpression, context: ExpressionContext): ExpressionData {
  return new Evaluator(parsed.root, new ContextData(context), functionsFor(context)).evaluate();
}
