import { nearestName } from '../base/near.ts';
import { CONTEXT_NAMES, PROPERTIES } from './expression-place.ts';
import { type ExpressionProblem, parseExpression } from './expression-syntax.ts';
import { isTemplate, splitTemplate } from './expression-template.ts';

/** More names than this help nobody. */
const NAMED_MAX = 15;

/**
 * Checks an expression (without `${{ }}`): syntax, functions, that it names only the `allowed` contexts (one of the lists in
 * `CONTEXTS`), and that those have what it asks for, as far as that is known. Returns the first problem or null.
 */
export function checkExpression(source: string, allowed: readonly string[]): ExpressionProblem | null {
  const parsed = parseExpression(source);
  if (!parsed.ok) return parsed.problem;
  for (const { name, offset } of parsed.contexts) {
    if (!allowed.includes(name.toLowerCase())) return { message: contextMessage(name, allowed), offset };
  }
  // Where `env` is known the job runs, and its files are there.
  if (parsed.filesAt !== null && !allowed.includes('env')) {
    const message = 'hashFiles() is not available in this place: the files of the job are not there yet';
    return { message, offset: parsed.filesAt };
  }
  for (const { context, property, offset } of parsed.properties) {
    const known = PROPERTIES[context.toLowerCase()];
    if (known && !known.includes(property.toLowerCase()))
      return { message: propertyMessage(context, property, known), offset };
  }
  return null;
}

/** Checks every `${{ }}` of a text. Returns all problems, at most one for each; offsets count from the start of the text. */
export function checkTemplate(text: string, allowed: readonly string[]): readonly ExpressionProblem[] {
  if (!isTemplate(text)) return [];
  const problems: ExpressionProblem[] = [];
  const { parts, unclosedAt } = splitTemplate(text);
  for (const part of parts) {
    if (part.kind === 'text') continue;
    const problem = checkExpression(part.source, allowed);
    if (problem) problems.push({ message: problem.message, offset: part.offset + problem.offset });
  }
  if (unclosedAt !== null) {
    problems.push({ message: `the \${{ that begins here has no closing }}`, offset: unclosedAt });
  }
  return problems;
}

function propertyMessage(context: string, property: string, known: readonly string[]): string {
  const written = property.length > 40 ? `${property.slice(0, 39)}…` : property;
  const near = nearestName(property, known);
  if (!near && known.length > NAMED_MAX) return `'${context}' has no '${written}'`;
  return `'${context}' has no '${written}'${near ? `, did you mean '${near}'?` : `; it has ${known.join(', ')}`}`;
}

function contextMessage(name: string, allowed: readonly string[]): string {
  const written = name.length > 40 ? `${name.slice(0, 39)}…` : name;
  if (CONTEXT_NAMES.includes(name.toLowerCase())) {
    return `'${written}' is not known in this place; there are ${allowed.join(', ')}`;
  }
  const near = nearestName(name, allowed);
  if (near) return `unknown name '${written}', did you mean '${near}'?`;
  return `unknown name '${written}'; text stands in single quotes, and the names here are ${allowed.join(', ')}`;
}
