import type { Expr } from '@actions/expressions';
import { Binary, ContextAccess, IndexAccess, Literal } from '@actions/expressions/ast';
import { TokenType } from '@actions/expressions/lexer';
import { parseExpression } from '../expression-syntax.ts';
import { splitTemplate } from '../expression-template.ts';

/**
 * The other language's word for a name that an expression looks up. `path`: `git.branch` as `['git', 'branch']`; a part that is
 * computed ends it. null: as it is.
 */
export type Rename = (path: readonly string[]) => string | null;

/** The other language's words for a comparison of a name with a text; null: as it is. */
export type RenameComparison = (path: readonly string[], operator: string, text: string) => string | null;

/** Replaces names in an expression, and leaves all else as it is written. */
export function rewriteExpression(source: string, rename: Rename, compare: RenameComparison): string {
  const parsed = parseExpression(source);
  if (!parsed.ok) return source;
  const found = new Map<Expr, string>();
  for (const node of parsed.spans.keys()) {
    const text = node instanceof Binary ? compared(node, compare) : renamed(node, rename);
    if (text !== null) found.set(node, text);
  }
  const spans = [...found].map(([node, text]) => ({ ...parsed.spans.get(node)!, text }));
  // What stands in something larger that is replaced goes with it.
  const outer = spans.filter(
    (one) => !spans.some((other) => other !== one && other.start <= one.start && one.end <= other.end),
  );
  let rest = source;
  for (const { start, end, text } of outer.sort((a, b) => b.start - a.start))
    rest = rest.slice(0, start) + text + rest.slice(end);
  return rest;
}

/** `rewriteExpression` for each `${{ }}` of a text. */
export function rewriteTemplate(text: string, rename: Rename, compare: RenameComparison): string {
  if (!text.includes('${{')) return text;
  const { parts } = splitTemplate(text);
  return parts
    .map((part) =>
      part.kind === 'text' ? part.text : `\${{${rewriteExpression(part.source, rename, compare)}}}`,
    )
    .join('');
}

/** The names along a look-up, from its context on; null when it is none. */
export function pathOf(node: Expr): string[] | null {
  if (node instanceof ContextAccess) return [node.name.lexeme];
  if (!(node instanceof IndexAccess)) return null;
  const before = pathOf(node.expr);
  if (!before || !(node.index instanceof Literal)) return null;
  return [...before, node.index.literal.coerceString()];
}

function renamed(node: Expr, rename: Rename): string | null {
  const path = pathOf(node);
  return path && rename(path);
}

function compared(node: Binary, compare: RenameComparison): string | null {
  const operator = node.operator.lexeme;
  for (const [one, other] of [
    [node.left, node.right],
    [node.right, node.left],
  ] as const) {
    const path = pathOf(one);
    if (path && other instanceof Literal && other.token.type === TokenType.STRING)
      return compare(path, operator, other.literal.coerceString());
  }
  return null;
}
