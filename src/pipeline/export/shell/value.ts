import type { Expr } from '@actions/expressions';
import { FunctionCall, Grouping, Literal, Logical } from '@actions/expressions/ast';
import { parseExpression } from '../../expression-syntax.ts';
import { splitTemplate } from '../../expression-template.ts';
import { pathOf } from '../rewrite.ts';

/** A part of a text: as it stands, or what a variable of the shell holds. */
export type Piece =
  | { readonly kind: 'text'; readonly text: string }
  /** `otherwise`: a plain word, when the variable is empty. */
  | { readonly kind: 'variable'; readonly name: string; readonly otherwise?: string };

/** Where the values of an expression are found on the target; null: it has nothing like it. */
export type Look = (path: readonly string[]) => readonly Piece[] | null;

export const text = (text: string): Piece => ({ kind: 'text', text });
export const variable = (name: string): Piece => ({ kind: 'variable', name });

/** The value of an expression as pieces; null: a shell cannot say it in one word. */
export function wordOf(node: Expr, look: Look): readonly Piece[] | null {
  if (node instanceof Grouping) return wordOf(node.group, look);
  if (node instanceof Literal) return [text(node.literal.coerceString())];
  const path = pathOf(node);
  if (path) return look(path);
  if (node instanceof Logical && node.operator.lexeme === '||') return eitherOf(node.args, look);
  if (node instanceof FunctionCall && node.functionName.lexeme.toLowerCase() === 'format')
    return formatted(node.args, look);
  return null;
}

/** `a || 'b'`: the one, or a plain word when it is empty. */
function eitherOf(args: readonly Expr[], look: Look): readonly Piece[] | null {
  const [first, second] = args.map((one) => wordOf(one, look));
  const word = second?.length === 1 && second[0]!.kind === 'text' ? second[0]!.text : null;
  if (args.length !== 2 || first?.length !== 1 || word === null || !/^[\w./:@-]*$/.test(word)) return null;
  const [piece] = first;
  return piece!.kind === 'variable' ? [{ ...piece!, otherwise: word }] : null;
}

function formatted([format, ...rest]: readonly Expr[], look: Look): readonly Piece[] | null {
  if (!(format instanceof Literal)) return null;
  const pieces = format.literal
    .coerceString()
    .split(/(\{\{|\}\}|\{\d+\})/)
    .map((part): readonly Piece[] | null => {
      const number = /^\{(\d+)\}$/.exec(part)?.[1];
      if (number !== undefined) return rest[Number(number)] ? wordOf(rest[Number(number)]!, look) : null;
      return [text(part === '{{' ? '{' : part === '}}' ? '}' : part)];
    });
  return pieces.includes(null) ? null : pieces.flatMap((one) => one!);
}

/** A text with `${{ }}` as pieces; what cannot be said stays as it is written and is told to `lose`. */
export function piecesOf(template: string, look: Look, lose: (source: string) => void): readonly Piece[] {
  return splitTemplate(template).parts.flatMap((part): readonly Piece[] => {
    if (part.kind === 'text') return [text(part.text)];
    const parsed = parseExpression(part.source);
    const value = parsed.ok ? wordOf(parsed.root, look) : null;
    if (value) return value;
    lose(part.source.trim());
    return [text(`\${{${part.source}}}`)];
  });
}

/** One word of the shell. */
export function quoted(pieces: readonly Piece[]): string {
  if (pieces.every(({ kind }) => kind === 'text')) {
    const whole = pieces.map((piece) => (piece.kind === 'text' ? piece.text : '')).join('');
    if (/^[\w./:@%+=,-]+$/.test(whole)) return whole;
    if (!whole.includes("'")) return `'${whole}'`;
  }
  const inner = pieces.map((piece) =>
    piece.kind === 'text' ? piece.text.replace(/["\\$`]/g, '\\$&') : expansion(piece),
  );
  return `"${inner.join('')}"`;
}

export function expansion({ name, otherwise }: Extract<Piece, { kind: 'variable' }>): string {
  return otherwise === undefined ? `\${${name}}` : `\${${name}:-${otherwise}}`;
}
