import { parseExpression } from '../../expression-syntax.ts';
import { splitTemplate } from '../../expression-template.ts';
import { child, type Node } from '../../native/node.ts';
import { type Problems, shown as quoted } from '../../native/problem.ts';
import { spanInText } from '../../native/text-place.ts';
import { listOf, textsBelow, textUnder } from './text.ts';

/** The most of one text: each place is found by walking the text. */
const SHOWN_MAX = 20;

/**
 * Warns where a job names a step that it does not have, or a job that it does not need: the value is always empty. GitHub's
 * parser does not look at that.
 */
export function checkReferences(job: Node, problems: Problems): void {
  const known: Readonly<Record<string, readonly string[]>> = {
    steps: stepIds(child(job, 'steps')),
    needs: listOf(child(job, 'needs')),
  };
  for (const node of textsBelow(job)) {
    if (!/\b(?:steps|needs)\b/i.test(node.value) || !node.value.includes('${{')) continue;
    let shown = 0;
    for (const part of splitTemplate(node.value).parts) {
      if (part.kind === 'text') continue;
      const parsed = parseExpression(part.source);
      if (!parsed.ok) continue;
      for (const { context, property, offset } of parsed.properties) {
        const names = known[context.toLowerCase()];
        if (!names || names.some((name) => name.toLowerCase() === property.toLowerCase())) continue;
        if (++shown > SHOWN_MAX) break;
        const at = spanInText(node, part.offset + offset, property.length);
        const near = problems.near(property, names);
        const message =
          context.toLowerCase() === 'steps'
            ? `the job has no step with the id ${quoted(property)}, so this is empty`
            : `the job does not need a job ${quoted(property)}, so this is empty`;
        const suggestion = near ? `did you mean \`${near}\`?` : `there are ${names.join(', ') || 'none'}`;
        problems.warn('unknown-reference', at, message, { suggestion });
      }
    }
  }
}

function stepIds(steps: Node | undefined): string[] {
  if (steps?.kind !== 'list') return [];
  return steps.items.flatMap((step) => {
    const id = textUnder(step, 'id');
    return [...(id === null ? [] : [id]), ...stepIds(child(step, 'parallel'))];
  });
}
