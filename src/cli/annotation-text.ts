import { counted, visible } from '../base/text.ts';
import type { CellView } from '../client/run-view.ts';
import type { Annotation } from '../journal/run-event.ts';
import type { Look } from './look.ts';
import { hanging } from './row.ts';

/** Of one cell; the others are a count. */
const TOLD_MAX = 10;

/** What a step wants to be seen, in one line: `src/a.ts:3:5: unused name: x is never read`. */
export function annotationText({ message, title, place }: Annotation): string {
  const at = place && [place.file, place.line, place.column].filter((part) => part !== null).join(':');
  return [at, title, message]
    .flatMap((part) => (part ? [visible(part.replace(/\s*[\r\n]+\s*/g, ' '))] : []))
    .join(': ');
}

/** All that the steps of a cell want to be seen, errors first. */
export function annotationsOf({ steps }: CellView): readonly Annotation[] {
  const all = steps.flatMap(({ annotations }) => annotations);
  return (['error', 'warning', 'notice'] as const).flatMap((level) =>
    all.filter((annotation) => annotation.level === level),
  );
}

/** `2 errors, 1 warning`; empty when there is nothing to see. */
export function annotationsInShort(cell: CellView): string {
  const all = annotationsOf(cell);
  const counts = (['error', 'warning', 'notice'] as const).flatMap((level) => {
    const count = all.filter((annotation) => annotation.level === level).length;
    return count === 0 ? [] : [counted(count, level)];
  });
  return counts.join(', ');
}

/** Each annotation on lines of its own, at most ten of them. `name`: of the cell, where lines of several stand together. */
export function annotationLines(
  annotations: readonly Annotation[],
  indent: string,
  look: Look,
  name: string | null = null,
): string[] {
  const lines = annotations.slice(0, TOLD_MAX).flatMap((annotation) => {
    const { level } = annotation;
    const style = level === 'error' ? 'red' : level === 'warning' ? 'yellow' : 'dim';
    const glyph =
      level === 'error' ? look.glyphs.failed : level === 'warning' ? look.glyphs.warned : look.glyphs.dot;
    const head = `${indent}${look.paint(style, `${glyph} ${level}:`)} `;
    return hanging(head, `${name === null ? '' : `${name}: `}${annotationText(annotation)}`, look.width);
  });
  const more = annotations.length - TOLD_MAX;
  return more > 0 ? [...lines, look.paint('dim', `${indent}and ${counted(more, 'more annotation')}`)] : lines;
}
