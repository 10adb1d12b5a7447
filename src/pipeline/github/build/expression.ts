import type { JsonValue } from '../../../base/json.ts';
import { parseExpression } from '../../expression-syntax.ts';
import { isTemplate, splitTemplate } from '../../expression-template.ts';
import { type Node, placeOf, type ScalarNode } from '../../native/node.ts';
import type { Problems } from '../../native/problem.ts';
import { headOf } from '../../native/read.ts';
import { spanInText } from '../../native/text-place.ts';
import type { Expression } from '../../plan.ts';
import { unknownContext } from '../expression-finding.ts';
import { textOf } from './text.ts';

/** What conditions may name; of all other places GitHub's own schema knows it. */
export const JOB_CONDITION = ['github', 'inputs', 'vars', 'needs'];
export const STEP_CONDITION = [...JOB_CONDITION, 'strategy', 'matrix', 'steps', 'job', 'runner', 'env'];

/** The condition under `if`; null when there is none. What is wrong with it is reported. */
export function conditionOf(
  node: Node | undefined,
  known: readonly string[],
  problems: Problems,
): Expression | null {
  if (node?.kind !== 'scalar') return null;
  const text = textOf(node)!;
  if (text.trim() === '') return null;
  if (!isTemplate(text)) {
    reportExpression(node, text, 0, known, problems);
    return { source: text.trim(), place: placeOf(headOf(node)) };
  }
  const { parts, unclosedAt } = splitTemplate(text.trim());
  // An expression that is not closed was reported with all others.
  if (unclosedAt !== null) return null;
  if (parts.length > 1) {
    problems.warn(
      'constant-condition',
      headOf(node),
      'text around `${{ }}` makes a text of the condition, which is always true',
      { suggestion: 'write the whole condition inside one `${{ }}`, or without it' },
    );
  }
  for (const part of splitTemplate(text).parts) {
    if (part.kind === 'text') continue;
    reportExpression(node, part.source, part.offset, known, problems);
  }
  return { source: expressionOfText(text.trim()), place: placeOf(headOf(node)) };
}

/** The expression that stands where else a value stands, under `name` in an object of its own; empty when none does. */
export function dynamicOf<N extends string>(
  name: N,
  node: Node | undefined,
): { readonly [K in N]?: Expression } {
  const text = textOf(node);
  if (!node || text === null || !isTemplate(text)) return {};
  const expression = { source: expressionOfText(text.trim()), place: placeOf(headOf(node)) };
  return { [name]: expression } as { readonly [K in N]?: Expression };
}

/** Also GitHub's parser leaves conditions to whoever uses it. */
function reportExpression(
  node: ScalarNode,
  source: string,
  start: number,
  known: readonly string[],
  problems: Problems,
): void {
  const parsed = parseExpression(source);
  const report = (offset: number, message: string) =>
    problems.error('bad-expression', spanInText(node, start + offset), message);
  if (!parsed.ok) {
    report(parsed.problem.offset, parsed.problem.message);
    return;
  }
  for (const { name, offset } of parsed.contexts)
    if (!known.includes(name.toLowerCase())) report(offset, unknownContext(name));
  // Where `env` is known the job runs, and its files are there.
  if (parsed.filesAt !== null && !known.includes('env'))
    report(parsed.filesAt, 'hashFiles() is not available in this place');
}

/** One expression with the value of a text that may hold `${{ }}`: the expression alone keeps its kind, else it is text. */
export function expressionOfText(text: string): string {
  const { parts } = splitTemplate(text);
  const [only] = parts;
  if (parts.length === 1 && only?.kind === 'expression') return only.source.trim();
  if (parts.every((part) => part.kind === 'text')) return `'${text.replaceAll("'", "''")}'`;
  const sources: string[] = [];
  const format = parts.map((part) =>
    part.kind === 'text' ? formatText(part.text) : `{${sources.push(part.source.trim()) - 1}}`,
  );
  return `format('${format.join('')}', ${sources.join(', ')})`;
}

/** One expression with the value of data in which texts may hold `${{ }}`. */
export function expressionOfData(value: JsonValue): string {
  if (typeof value === 'string' && isTemplate(value)) return expressionOfText(value);
  const sources: string[] = [];
  const format = jsonFormat(value, sources);
  const all = [`'${format}'`, ...sources].join(', ');
  return sources.length === 0 ? `fromJSON('${unbraced(format)}')` : `fromJSON(format(${all}))`;
}

/** Whether there is anything in the data that is known only later. */
export function isOpen(value: JsonValue): boolean {
  if (typeof value === 'string') return isTemplate(value);
  if (value === null || typeof value !== 'object') return false;
  return Object.entries(value).some(([key, one]) => isTemplate(key) || isOpen(one));
}

function jsonFormat(value: JsonValue, sources: string[]): string {
  if (!isOpen(value)) return formatText(JSON.stringify(value));
  if (typeof value === 'string') return `{${sources.push(`toJSON(${expressionOfText(value)})`) - 1}}`;
  if (Array.isArray(value)) return `[${value.map((item) => jsonFormat(item, sources)).join(',')}]`;
  const pairs = Object.entries(value as object).map(
    ([key, one]) => `${formatText(JSON.stringify(key))}:${jsonFormat(one as JsonValue, sources)}`,
  );
  return `{{${pairs.join(',')}}}`;
}

/** Text for the first argument of `format`. */
function formatText(text: string): string {
  return text.replaceAll("'", "''").replaceAll('{', '{{').replaceAll('}', '}}');
}

function unbraced(format: string): string {
  return format.replaceAll('{{', '{').replaceAll('}}', '}');
}
