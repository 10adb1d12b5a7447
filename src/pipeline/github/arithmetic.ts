import { parseExpression } from '../expression-syntax.ts';
import { splitTemplate } from '../expression-template.ts';
import { child, type Node, type Span } from '../native/node.ts';
import { spanInText } from '../native/text-place.ts';
import { textsBelow } from './build/text.ts';

/** How the expression language says that it has no `a - b`. */
const CANNOT = /expressions do not calculate$/;

/**
 * The first place below a step where an expression calculates; null: nowhere. People write it, and handbooks print it, in one
 * step of a long workflow; then that step fails, and the rest is worth planning.
 */
export function arithmeticIn(step: Node): Span | null {
  for (const node of textsBelow(step)) {
    if (!node.value.includes('${{')) continue;
    for (const part of splitTemplate(node.value).parts) {
      if (part.kind === 'text') continue;
      const parsed = parseExpression(part.source);
      if (!parsed.ok && CANNOT.test(parsed.problem.message))
        return spanInText(node, part.offset + parsed.problem.offset);
    }
  }
  return null;
}

/** Whether a problem of an expression is that of `arithmeticIn`. */
export function isArithmetic(message: string): boolean {
  return CANNOT.test(message);
}

/** The texts of all steps of a workflow. */
export function textsOfSteps(tree: Node): ReadonlySet<Node> {
  const jobs = child(tree, 'jobs');
  const entries = jobs?.kind === 'map' ? jobs.entries : [];
  return new Set(
    entries.flatMap(({ value }) => {
      const steps = child(value, 'steps');
      return steps ? [...textsBelow(steps)] : [];
    }),
  );
}
