import { CONTEXTS, checkExpression, checkTemplate } from '../expression.ts';
import type { ScalarNode } from './node.ts';
import { type Problems, shown } from './problem.ts';
import type { ContextName } from './schema/key.ts';
import { spanInText } from './text-place.ts';

/** The most problems of one text. */
const SHOWN_MAX = 20;

const PARAMETER = /\$\{\{\s*params\.[A-Za-z_][\w-]*\s*\}\}/;

/** Checks every `${{ }}` of a text; each problem is placed at the character it is about. */
export function checkTemplateText(node: ScalarNode, contexts: ContextName, problems: Problems): void {
  if (typeof node.value !== 'string' || !node.value.includes('${{')) return;
  // Each place is found by walking the text, so a text with 100,000 mistakes shows its first ones.
  for (const problem of checkTemplate(node.value, CONTEXTS[contexts]).slice(0, SHOWN_MAX)) {
    problems.error(
      'bad-expression',
      spanInText(node, problem.offset),
      problem.message,
      parameterAdvice(node.value),
    );
  }
}

/** A condition without its `${{ }}`, and where in the text it begins. Problems are reported; then the result is null. */
export function checkCondition(node: ScalarNode, contexts: ContextName, problems: Problems): void {
  const condition = conditionSource(node);
  if (condition === null) {
    problems.error(
      'bad-condition',
      node,
      'a condition is one expression; text around `${{ }}` makes it always true',
      {
        suggestion: 'write the whole condition inside one `${{ }}`, or without it',
      },
    );
    return;
  }
  const { source, offset } = condition;
  if (source.trim() === '') {
    problems.error('bad-condition', node, 'the condition is empty');
    return;
  }
  const problem = checkExpression(source, CONTEXTS[contexts]);
  if (problem) {
    problems.error(
      'bad-expression',
      spanInText(node, offset + problem.offset),
      problem.message,
      parameterAdvice(String(node.value)),
    );
    return;
  }
  const constant = constantValue(source.trim());
  if (constant !== null) {
    problems.warn('constant-condition', node, `the condition ${shown(source.trim())} is always ${constant}`, {
      suggestion: constant ? 'remove it' : 'remove what it belongs to, or write the real condition',
    });
  }
}

/** The expression in a condition's text; null when text stands around `${{ }}`. */
export function conditionSource(node: ScalarNode): { source: string; offset: number } | null {
  const text = String(node.value);
  const open = text.indexOf('${{');
  if (open < 0) return { source: text, offset: 0 };
  const close = text.indexOf('}}', open);
  const around = text.slice(0, open).trim() !== '' || (close >= 0 && text.slice(close + 2).trim() !== '');
  // A text literal may hold `}}`; then the last one closes.
  const last = text.lastIndexOf('}}');
  if (
    around &&
    !(
      text.slice(0, open).trim() === '' &&
      text.slice(last + 2).trim() === '' &&
      text.indexOf('${{', open + 3) < 0
    )
  )
    return null;
  return { source: text.slice(open + 3, last < open ? undefined : last), offset: open + 3 };
}

/** What a condition is that has no names and no functions; null when it depends on something. */
function constantValue(source: string): boolean | null {
  if (source === 'true') return true;
  if (source === 'false' || source === 'null' || source === "''") return false;
  if (/^'([^']|'')+'$/.test(source)) return true;
  if (/^-?\d+(\.\d+)?$/.test(source)) return Number(source) !== 0;
  return null;
}

function parameterAdvice(text: string): { suggestion?: string } {
  return PARAMETER.test(text) || /\bparams\b/.test(text)
    ? {
        suggestion:
          '`params` can be used in included files only, alone in its `${{ }}`: `${{ params.NAME }}`',
      }
    : {};
}
