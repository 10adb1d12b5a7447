import { type Expr, Lexer, Parser } from '@actions/expressions';
import { ContextAccess, FunctionCall, IndexAccess, Literal } from '@actions/expressions/ast';
import {
  ErrorType,
  ExpressionError,
  MAX_EXPRESSION_LENGTH,
  MAX_PARSER_DEPTH,
} from '@actions/expressions/errors';
import type { FunctionDefinition } from '@actions/expressions/funcs/info';
import { type Token, TokenType } from '@actions/expressions/lexer';
import { nearestName } from '../base/near.ts';
import { cachedByText } from './expression-cache.ts';
import { FUNCTION_DEFINITIONS, FUNCTION_NAMES, STATUS_FUNCTIONS } from './expression-function.ts';
import { nodeSpans, type Span } from './expression-span.ts';

/** What is wrong with an expression, and where: `offset` counts UTF-16 units from its start. */
export interface ExpressionProblem {
  readonly message: string;
  readonly offset: number;
}

export interface ParsedExpression {
  readonly ok: true;
  readonly source: string;
  readonly root: Expr;
  /** Where each node stands in the source. */
  readonly spans: ReadonlyMap<Expr, Span>;
  /** The contexts it names, as written. */
  readonly contexts: readonly { readonly name: string; readonly offset: number }[];
  /** What it asks these contexts for by name: `git.branch`, `git['branch']`. `offset` is that of the name. */
  readonly properties: readonly {
    readonly context: string;
    readonly property: string;
    readonly offset: number;
  }[];
  /** Where it first calls hashFiles(); null: nowhere. */
  readonly filesAt: number | null;
  /** Whether it calls success(), failure(), cancelled() or always(). */
  readonly asksStatus: boolean;
}

export type Parse = ParsedExpression | { readonly ok: false; readonly problem: ExpressionProblem };

/** What an expression may call: names as they are written in the manual, and the counts of arguments. */
export interface KnownFunctions {
  readonly names: readonly string[];
  readonly definitions: readonly FunctionDefinition[];
}

/**
 * Reads an expression (without `${{ }}`) into a tree. Function names and the number of their arguments are checked;
 * context names are not, as they depend on the place. Never throws.
 */
export const parseExpression: (source: string) => Parse = expressionParser({
  names: FUNCTION_NAMES,
  definitions: FUNCTION_DEFINITIONS,
});

/** `parseExpression` for a place that has other functions, such as the metric of a gate. */
export function expressionParser(known: KnownFunctions): (source: string) => Parse {
  return cachedByText((source) => {
    if (source.length > MAX_EXPRESSION_LENGTH) {
      const message = `the expression has ${source.length} characters; the most is ${MAX_EXPRESSION_LENGTH}`;
      return { ok: false, problem: { message, offset: MAX_EXPRESSION_LENGTH } };
    }
    const lexed = lex(source);
    if ('problem' in lexed) return { ok: false, problem: lexed.problem };
    return parseTokens(source, lexed.tokens, lexed.offsets, known);
  });
}

function lex(
  source: string,
): { tokens: Token[]; offsets: readonly number[] } | { problem: ExpressionProblem } {
  let tokens: Token[];
  try {
    tokens = new Lexer(source).lex().tokens;
  } catch (error) {
    return { problem: lexerProblem(error as Error, source) };
  }
  for (const token of tokens) {
    // The library resolves only the first doubled quote of a text.
    if (token.type === TokenType.STRING) token.value = token.lexeme.slice(1, -1).replaceAll("''", "'");
  }
  return { tokens, offsets: tokenOffsets(source, tokens) };
}

/** The library counts lines and columns, and loses count after a text over several lines. Between tokens is only white space. */
function tokenOffsets(source: string, tokens: readonly Token[]): number[] {
  let cursor = 0;
  return tokens.map((token) => {
    while (cursor < source.length && /\s/.test(source[cursor]!)) cursor++;
    const offset = cursor;
    cursor += token.lexeme.length;
    return offset;
  });
}

/** The lexer tells the position only in its message, in front of the whole source. */
function lexerProblem(error: Error, source: string): ExpressionProblem {
  const head = error.message.slice(0, error.message.length - source.length);
  const position = /position (\d+) within expression: $/.exec(head);
  const offset = position ? Number(position[1]) - 1 : 0;
  return { message: unexpected(source.slice(offset)), offset };
}

function unexpected(rest: string): string {
  if (rest.startsWith("'")) return 'the text that begins here has no closing single quote';
  const symbol = /^(["`]|[=&|]|[+*/%-]+|[^\s()[\],.!<>=&|]+)/.exec(rest)?.[0] ?? rest.slice(0, 1);
  if (/^["`]/.test(symbol)) return `unexpected ${symbol}: text stands in single quotes, like 'main'`;
  if (/^\$\{\{/.test(rest)) return `unexpected \${{: the whole field is an expression already`;
  if (symbol === '=') return 'unexpected =: compare with ==';
  if (symbol === '&' || symbol === '|')
    return `unexpected ${symbol}: join conditions with ${symbol}${symbol}`;
  if (/^[+*/%-]/.test(symbol)) return `unexpected '${shortened(symbol)}': expressions do not calculate`;
  return `unexpected '${shortened(symbol)}'`;
}

function shortened(text: string): string {
  return text.length > 40 ? `${text.slice(0, 39)}…` : text;
}

function parseTokens(
  source: string,
  tokens: Token[],
  offsets: readonly number[],
  known: KnownFunctions,
): Parse {
  const unknown = unknownFunction(tokens, offsets, known.names);
  if (unknown) return { ok: false, problem: unknown };
  const names = tokens.filter((token) => token.type === TokenType.IDENTIFIER).map((token) => token.lexeme);
  try {
    const root = new Parser(tokens, names, [...known.definitions]).parse() as Expr | undefined;
    if (!root) return { ok: false, problem: { message: 'the expression is empty', offset: 0 } };
    const spans = nodeSpans(root, tokens, offsets);
    if (!spans) return { ok: false, problem: { message: tooDeep(), offset: 0 } };
    const nodes = [...spans.keys()];
    const filesCall = nodes.find((node) => isCallOf(node, ['hashfiles']));
    return {
      ok: true,
      source,
      root,
      spans,
      contexts: nodes
        .filter((node) => node instanceof ContextAccess)
        .map((node) => ({ name: node.name.lexeme, offset: spans.get(node)!.start })),
      properties: nodes.flatMap((node) => {
        if (!(node instanceof IndexAccess && node.expr instanceof ContextAccess)) return [];
        if (!(node.index instanceof Literal)) return [];
        const property = node.index.literal.coerceString();
        // A name after a dot is the end of the whole.
        const offset = spans.get(node.index)?.start ?? spans.get(node)!.end - property.length;
        return [{ context: node.expr.name.lexeme, property, offset }];
      }),
      filesAt: filesCall ? spans.get(filesCall)!.start : null,
      asksStatus: nodes.some((node) => isCallOf(node, STATUS_FUNCTIONS)),
    };
  } catch (error) {
    return { ok: false, problem: parserProblem(error, tokens, offsets) };
  }
}

function isCallOf(node: Expr, names: readonly string[]): boolean {
  return node instanceof FunctionCall && names.includes(node.functionName.lexeme.toLowerCase());
}

/** The library looks functions up in a plain object, where `constructor` is always found; so names are checked here. */
function unknownFunction(
  tokens: readonly Token[],
  offsets: readonly number[],
  names: readonly string[],
): ExpressionProblem | null {
  for (const [index, token] of tokens.entries()) {
    const called = token.type === TokenType.IDENTIFIER && tokens[index + 1]?.type === TokenType.LEFT_PAREN;
    if (!called || tokens[index - 1]?.type === TokenType.DOT) continue;
    const name = token.lexeme;
    if (names.some((known) => known.toLowerCase() === name.toLowerCase())) continue;
    return { message: unknownFunctionMessage(name, names), offset: offsets[index]! };
  }
  return null;
}

function unknownFunctionMessage(name: string, names: readonly string[]): string {
  const near = nearestName(name, names);
  if (near) return `unknown function '${shortened(name)}', did you mean '${near}'?`;
  return `unknown function '${shortened(name)}'; there are ${names.join(', ')}`;
}

function parserProblem(
  error: unknown,
  tokens: readonly Token[],
  offsets: readonly number[],
): ExpressionProblem {
  if (!(error instanceof ExpressionError)) return { message: tooDeep(), offset: 0 };
  const { typ, tok } = error as unknown as { typ: ErrorType; tok: Token };
  const offset = offsets[tokens.indexOf(tok)] ?? 0;
  switch (typ) {
    case ErrorType.ErrorUnexpectedEndOfExpression:
      return {
        message: `the expression ends after '${shortened(tok.lexeme)}', where a value must follow`,
        offset,
      };
    case ErrorType.ErrorExceededMaxDepth:
      return { message: tooDeep(), offset };
    case ErrorType.ErrorTooFewParameters:
      return { message: `${tok.lexeme}() needs more arguments`, offset };
    case ErrorType.ErrorTooManyParameters:
      return { message: `${tok.lexeme}() takes fewer arguments`, offset };
    case ErrorType.ErrorEvenParameters:
      return {
        message: 'case() takes pairs of condition and value, and a last value for every other case',
        offset,
      };
    default:
      if (tok.type === TokenType.EOF) return { message: 'the expression is not complete', offset };
      return { message: `unexpected '${shortened(tok.lexeme)}'`, offset };
  }
}

function tooDeep(): string {
  return `the expression is nested deeper than ${MAX_PARSER_DEPTH} levels`;
}
