import type { Expr } from '@actions/expressions';
import { Binary, FunctionCall, Grouping, Literal, Logical, Unary } from '@actions/expressions/ast';
import { parseExpression } from '../../expression-syntax.ts';
import { pathOf } from '../rewrite.ts';
import { type Look, quoted, text, wordOf } from './value.ts';

/** The shell variable that says how the job goes: `success`, `failure`. */
export const STATUS = 'SLUICE_STATUS';

/** What a text that an event's name is compared with is called on the target. */
export type EventName = (name: string) => string;

/**
 * A command of a POSIX shell that succeeds when the condition is met; null: there is none. How things went before is asked only
 * where the condition does.
 */
export function shellCondition(source: string, look: Look, eventName: EventName): string | null {
  const parsed = parseExpression(source);
  return parsed.ok ? commandOf(parsed.root, look, eventName) : null;
}

/** Whether a condition asks how things went before. */
export function asksStatus(source: string): boolean {
  const parsed = parseExpression(source);
  return parsed.ok && parsed.asksStatus;
}

export function statusIs(status: 'success' | 'failure'): string {
  return `[ "$${STATUS}" = ${status} ]`;
}

function commandOf(node: Expr, look: Look, eventName: EventName): string | null {
  if (node instanceof Grouping) return commandOf(node.group, look, eventName);
  if (node instanceof Unary) {
    const inner = commandOf(node.expr, look, eventName);
    return inner === null ? null : `! { ${inner}; }`;
  }
  if (node instanceof Logical) {
    const parts = node.args.map((one) => commandOf(one, look, eventName));
    if (parts.includes(null)) return null;
    return `{ ${parts.join(` ${node.operator.lexeme} `)}; }`;
  }
  if (node instanceof Binary) return comparison(node, look, eventName);
  if (node instanceof FunctionCall) return call(node, look);
  if (node instanceof Literal)
    return /^(?:|false|0|null)$/.test(node.literal.coerceString()) ? 'false' : 'true';
  const value = wordOf(node, look);
  return value && `case ${quoted(value)} in ''|false|0) false ;; *) true ;; esac`;
}

function comparison(node: Binary, look: Look, eventName: EventName): string | null {
  const operator = node.operator.lexeme;
  if (operator !== '==' && operator !== '!=') return null;
  const isEvent = [node.left, node.right].some((one) =>
    /^(?:event\.name|github\.event_name)$/i.test(pathOf(one)?.join('.') ?? ''),
  );
  const side = (one: Expr) =>
    isEvent && one instanceof Literal ? [text(eventName(one.literal.coerceString()))] : wordOf(one, look);
  const [left, right] = [side(node.left), side(node.right)];
  return left && right && `[ ${quoted(left)} ${operator === '==' ? '=' : '!='} ${quoted(right)} ]`;
}

const PATTERNS: Readonly<Record<string, (part: string) => string>> = {
  startswith: (part) => `${part}*`,
  endswith: (part) => `*${part}`,
  contains: (part) => `*${part}*`,
};

function call(node: FunctionCall, look: Look): string | null {
  const name = node.functionName.lexeme.toLowerCase();
  if (name === 'success') return statusIs('success');
  if (name === 'failure') return statusIs('failure');
  if (name === 'always') return 'true';
  if (name === 'cancelled') return 'false';
  const [whole, part] = node.args.map((one) => wordOf(one, look));
  const pattern = Object.hasOwn(PATTERNS, name) ? PATTERNS[name]! : null;
  return pattern && whole && part
    ? `case ${quoted(whole)} in ${pattern(quoted(part))}) true ;; *) false ;; esac`
    : null;
}
