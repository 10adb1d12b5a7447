import type { Expr } from '@actions/expressions';
import { ContextAccess, IndexAccess, Literal } from '@actions/expressions/ast';
import { parseExpression } from './expression-syntax.ts';

/** What an expression asks for by fixed names, from the context on: `needs`, `build`, `outputs`, `version`. */
export interface ExpressionPath {
  readonly names: readonly string[];
  /** Where each name begins, in UTF-16 units from the start of the expression. */
  readonly offsets: readonly number[];
}

/**
 * The paths of an expression (without `${{ }}`), each as long as its names are fixed: `needs.a[matrix.x]` has `needs.a` and
 * `matrix.x`. A broken expression has none.
 */
export function pathsOf(source: string): readonly ExpressionPath[] {
  const parsed = parseExpression(source);
  if (!parsed.ok) return [];
  const nodes = [...parsed.spans.keys()];
  const inner = new Set(nodes.flatMap((node) => (node instanceof IndexAccess ? [node.expr] : [])));
  return nodes.flatMap((node) => {
    const isWhole = (node instanceof IndexAccess || node instanceof ContextAccess) && !inner.has(node);
    const chain = isWhole ? fixedPart(node) : [];
    if (chain.length === 0) return [];
    const names = chain.map(nameOf);
    const offsets = chain.map((part, index) => {
      const literal = part instanceof IndexAccess ? parsed.spans.get(part.index) : undefined;
      // A name after a dot is the end of its part.
      return literal?.start ?? parsed.spans.get(part)!.end - names[index]!.length;
    });
    return [{ names, offsets }];
  });
}

/** The nodes from the context on, up to the first name that is not fixed. */
function fixedPart(node: Expr): readonly Expr[] {
  const chain: Expr[] = [];
  let at = node;
  for (; at instanceof IndexAccess; at = at.expr) chain.unshift(at);
  if (!(at instanceof ContextAccess)) return [];
  const open = chain.findIndex((part) => !((part as IndexAccess).index instanceof Literal));
  return [at, ...(open < 0 ? chain : chain.slice(0, open))];
}

function nameOf(part: Expr): string {
  if (part instanceof ContextAccess) return part.name.lexeme;
  return ((part as IndexAccess).index as Literal).literal.coerceString();
}
