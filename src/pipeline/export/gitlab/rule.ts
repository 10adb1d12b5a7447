import type { Expr } from '@actions/expressions';
import { Binary, FunctionCall, Grouping, Literal, Logical, Unary } from '@actions/expressions/ast';
import { parseExpression } from '../../expression-syntax.ts';
import { pathOf } from '../rewrite.ts';
import { type Look, wordOf } from '../shell/value.ts';
import { eventName } from './vocabulary.ts';

/** When a job runs. */
export interface Rule {
  readonly when: 'on_success' | 'always' | 'on_failure';
  /** In GitLab's words; null: whatever the values. */
  readonly if: string | null;
}

/** A condition as a rule; null: GitLab's rules cannot say it, since they know no result of a job, or no such function. */
export function ruleOf(source: string, look: Look): Rule | null {
  const parsed = parseExpression(source);
  if (!parsed.ok) return null;
  const terms = conjuncts(parsed.root);
  const asked = terms.filter(isStatus);
  const texts = terms.filter((term) => !isStatus(term)).map((term) => ruleText(term, look, false));
  if (texts.includes(null) || asked.length > 1) return null;
  const when = asked.length === 0 ? 'on_success' : statusWhen(asked[0]!);
  return when && { when, if: texts.length === 0 ? null : texts.join(' && ') };
}

function conjuncts(node: Expr): Expr[] {
  if (node instanceof Grouping) return conjuncts(node.group);
  return node instanceof Logical && node.operator.lexeme === '&&' ? node.args.flatMap(conjuncts) : [node];
}

function statusName(node: Expr): string | null {
  if (node instanceof Unary) {
    const inner = statusName(node.expr);
    return inner && `!${inner}`;
  }
  if (node instanceof Grouping) return statusName(node.group);
  const name = node instanceof FunctionCall ? node.functionName.lexeme.toLowerCase() : '';
  return /^(?:success|failure|always|cancelled)$/.test(name) ? name : null;
}

function isStatus(node: Expr): boolean {
  return statusName(node) !== null;
}

function statusWhen(node: Expr): Rule['when'] | null {
  switch (statusName(node)) {
    case 'success':
      return 'on_success';
    case 'failure':
      return 'on_failure';
    case 'always':
    case '!cancelled':
      return 'always';
    default:
      return null;
  }
}

/** `negated`: the opposite, since GitLab has no `!`. */
function ruleText(node: Expr, look: Look, negated: boolean): string | null {
  if (node instanceof Grouping) return ruleText(node.group, look, negated);
  if (node instanceof Unary) return ruleText(node.expr, look, !negated);
  if (node instanceof Logical) {
    const parts = node.args.map((one) => ruleText(one, look, negated));
    const isAnd = (node.operator.lexeme === '&&') !== negated;
    return parts.includes(null) ? null : `(${parts.join(isAnd ? ' && ' : ' || ')})`;
  }
  if (node instanceof Binary) return comparison(node, look, negated);
  if (node instanceof FunctionCall) return matching(node, look, negated);
  if (node instanceof Literal) {
    const isTrue = !/^(?:|false|0|null)$/.test(node.literal.coerceString());
    return isTrue === negated ? '"a" == "b"' : '"a" == "a"';
  }
  const side = sideOf(node, look);
  if (side === null) return null;
  return negated
    ? `(${side} == null || ${side} == "" || ${side} == "false")`
    : `(${side} != null && ${side} != "" && ${side} != "false")`;
}

function comparison(node: Binary, look: Look, negated: boolean): string | null {
  const { lexeme } = node.operator;
  if (lexeme !== '==' && lexeme !== '!=') return null;
  const operator = (lexeme === '==') === negated ? '!=' : '==';
  const [name, literal] = node.left instanceof Literal ? [node.right, node.left] : [node.left, node.right];
  const text = literal instanceof Literal ? literal.literal.coerceString() : null;
  if (text !== null && isRef(name)) {
    const [, kind, rest] = /^refs\/(heads|tags)\/(.*)$/.exec(text) ?? [];
    if (rest === undefined) return null;
    return `${kind === 'tags' ? '$CI_COMMIT_TAG' : '$CI_COMMIT_BRANCH'} ${operator} ${textSide(rest)}`;
  }
  const isEvent = /^(?:event\.name|github\.event_name)$/i.test(pathOf(name)?.join('.') ?? '');
  const left = sideOf(name, look);
  const right = text !== null ? textSide(isEvent ? eventName(text) : text) : sideOf(literal, look);
  return left && right && `${left} ${operator} ${right}`;
}

/** `startsWith` and its like, with a text. */
function matching(node: FunctionCall, look: Look, negated: boolean): string | null {
  const [whole, part] = node.args;
  const name = node.functionName.lexeme.toLowerCase();
  if (!/^(?:startswith|endswith|contains)$/.test(name) || !whole || !(part instanceof Literal)) return null;
  const text = part.literal.coerceString();
  const ref = isRef(whole) && name === 'startswith' ? /^refs\/(heads|tags)\/(.*)$/.exec(text) : null;
  const side = ref ? (ref[1] === 'tags' ? '$CI_COMMIT_TAG' : '$CI_COMMIT_BRANCH') : sideOf(whole, look);
  if (side === null || (isRef(whole) && !ref)) return null;
  const rest = ref ? ref[2]! : text;
  if (ref && rest === '') return negated ? `${side} == null` : side;
  const escaped = rest.replace(/[^\w-]/g, '\\$&');
  const expression = name === 'startswith' ? `^${escaped}` : name === 'endswith' ? `${escaped}$` : escaped;
  return `${side} ${negated ? '!~' : '=~'} /${expression}/`;
}

function isRef(node: Expr): boolean {
  return /^(?:git|github)\.ref$/i.test(pathOf(node)?.join('.') ?? '');
}

/** One variable, or a text. What a job leaves for others is not known when rules are asked. */
function sideOf(node: Expr, look: Look): string | null {
  const pieces = wordOf(node, look);
  if (pieces?.length !== 1) return null;
  const [piece] = pieces;
  if (piece!.kind === 'text') return textSide(piece!.text);
  const isLate = /^(?:NEEDS_|STEPS_|MATRIX_|SLUICE_)/.test(piece!.name) || piece!.otherwise !== undefined;
  return isLate ? null : `$${piece!.name}`;
}

function textSide(text: string): string | null {
  if (!text.includes('"')) return `"${text}"`;
  return text.includes("'") ? null : `'${text}'`;
}
