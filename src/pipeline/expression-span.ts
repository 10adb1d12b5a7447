import type { Expr } from '@actions/expressions';
import {
  Binary,
  ContextAccess,
  FunctionCall,
  Grouping,
  IndexAccess,
  Literal,
  Logical,
  Unary,
} from '@actions/expressions/ast';
import { type Token, TokenType } from '@actions/expressions/lexer';

/** A range of the source in UTF-16 units; `end` is exclusive. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** A chain `a == b == c …` nests without a bracket, so the library's own limit does not see it. */
const DEPTH_MAX = 200;

/**
 * Where each node of a parsed expression stands, inner ones first. Null when the tree is too deep to be walked safely.
 * The library keeps few tokens in its tree; the missing ones (brackets) are found by their place among all tokens.
 */
export function nodeSpans(
  root: Expr,
  tokens: readonly Token[],
  offsets: readonly number[],
): Map<Expr, Span> | null {
  const index = new Map(tokens.map((token, position) => [token, position]));
  const spans = new Map<Expr, Span>();

  /** First and last token of a node. Throws RangeError when too deep. */
  function visit(node: Expr, depth: number): [first: number, last: number] {
    if (depth > DEPTH_MAX) throw new RangeError('too deep');
    const range = tokenRange(node, depth);
    const last = tokens[range[1]]!;
    spans.set(node, { start: offsets[range[0]]!, end: offsets[range[1]]! + last.lexeme.length });
    return range;
  }

  function tokenRange(node: Expr, depth: number): [number, number] {
    if (node instanceof Literal) return [index.get(node.token)!, index.get(node.token)!];
    if (node instanceof ContextAccess) return [index.get(node.name)!, index.get(node.name)!];
    if (node instanceof Unary) return [index.get(node.operator)!, visit(node.expr, depth + 1)[1]];
    if (node instanceof Binary) return [visit(node.left, depth + 1)[0], visit(node.right, depth + 1)[1]];
    if (node instanceof Grouping) {
      const [first, last] = visit(node.group, depth + 1);
      return [first - 1, last + 1];
    }
    if (node instanceof Logical) {
      const ranges = node.args.map((argument) => visit(argument, depth + 1));
      return [ranges[0]![0], ranges.at(-1)![1]];
    }
    if (node instanceof FunctionCall) {
      const name = index.get(node.functionName)!;
      const ranges = node.args.map((argument) => visit(argument, depth + 1));
      const end = (ranges.at(-1)?.[1] ?? name + 1) + 1;
      return [name, tokens[end]!.type === TokenType.COMMA ? end + 1 : end];
    }
    if (node instanceof IndexAccess) return indexRange(node, depth);
    throw new Error('internal error: a node that the language does not have');
  }

  function indexRange(node: IndexAccess, depth: number): [number, number] {
    const [first, last] = visit(node.expr, depth + 1);
    if (tokens[last + 1]!.type === TokenType.DOT) return [first, last + 2];
    if (tokens[last + 2]!.type === TokenType.STAR) return [first, last + 3];
    return [first, visit(node.index, depth + 1)[1] + 1];
  }

  try {
    visit(root, 0);
    return spans;
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}
