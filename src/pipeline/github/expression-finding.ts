import { nearestName } from '../../base/near.ts';
import { type ExpressionProblem, parseExpression } from '../expression-syntax.ts';
import { splitTemplate } from '../expression-template.ts';

/** All contexts of GitHub's language. */
const CONTEXTS = [
  'github',
  'env',
  'vars',
  'job',
  'jobs',
  'steps',
  'runner',
  'secrets',
  'strategy',
  'matrix',
  'needs',
  'inputs',
];

/**
 * What is wrong with the expression that begins at `offset` of `text`, in our words; the result's offset counts from the start
 * of the text. `message`: what GitHub's parser says, which knows what may be named in the place.
 */
export function expressionProblem(text: string, offset: number, message: string): ExpressionProblem {
  const { source, start } = sourceAt(text, offset);
  if (source === null) return { message: `the \${{ that begins here has no closing }}`, offset };
  const parsed = parseExpression(source);
  if (!parsed.ok) return { message: parsed.problem.message, offset: start + parsed.problem.offset };
  // The parser counts the position in one line of the expression; so what it names is looked for.
  const context = /^Unrecognized named-value: '([^']*)'/.exec(message)?.[1];
  const called = /^(?:Unrecognized function|Too \w+ parameters supplied): '([^']*)'/.exec(message)?.[1];
  const at =
    parsed.contexts.find(({ name }) => name === context)?.offset ??
    (called === undefined ? -1 : source.indexOf(called));
  return {
    message: sentence(message, context),
    offset: start + (at >= 0 ? at : source.length - source.trimStart().length),
  };
}

function sourceAt(text: string, offset: number): { source: string | null; start: number } {
  // A condition may stand without `${{ }}`.
  if (!text.startsWith('${{', offset)) return { source: text, start: 0 };
  const start = offset + 3;
  const part = splitTemplate(text.slice(offset)).parts[0];
  return { source: part?.kind === 'expression' ? part.source : null, start };
}

/** Why a place does not know a name. */
export function unknownContext(name: string): string {
  const written = name.length > 40 ? `${name.slice(0, 39)}…` : name;
  if (CONTEXTS.includes(name.toLowerCase())) return `'${written}' is not known in this place`;
  const near = nearestName(name, CONTEXTS);
  return near
    ? `unknown name '${written}', did you mean '${near}'?`
    : `unknown name '${written}'; text stands in single quotes`;
}

function sentence(message: string, context: string | undefined): string {
  if (context !== undefined) return unknownContext(context);
  const called = /^Unrecognized function: '([^']*)'/.exec(message)?.[1];
  if (called !== undefined) return `${called}() is not available in this place`;
  const parameters = /^Too (few|many) parameters supplied: '([^']*)'/.exec(message);
  if (parameters)
    return `${parameters[2]}() takes ${parameters[1] === 'few' ? 'more' : 'fewer'} arguments here`;
  if (message.startsWith('An expression was expected')) return 'the expression is empty';
  return message.replace(/\.? Located at position[\s\S]*$/, '').replace(/\.$/, '');
}
