import { cachedByText } from './expression-cache.ts';

/** A piece of a template: text as it stands, or the source of a `${{ }}`. */
export type TemplatePart =
  | { readonly kind: 'text'; readonly text: string }
  /** `offset`: where the source begins in the template, in UTF-16 units. */
  | { readonly kind: 'expression'; readonly source: string; readonly offset: number };

export interface Template {
  readonly parts: readonly TemplatePart[];
  /** Offset of a `${{` that nothing closes; the parts end before it. */
  readonly unclosedAt: number | null;
}

const OPEN = '${{';

/** Splits a text at its `${{ }}`. Quoted text inside an expression may contain `}}`. */
export const splitTemplate: (text: string) => Template = cachedByText((text) => {
  const parts: TemplatePart[] = [];
  let cursor = 0;
  for (;;) {
    const open = text.indexOf(OPEN, cursor);
    const plain = text.slice(cursor, open < 0 ? text.length : open);
    if (plain !== '') parts.push({ kind: 'text', text: plain });
    if (open < 0) return { parts, unclosedAt: null };
    const start = open + OPEN.length;
    const close = closing(text, start);
    if (close < 0) return { parts, unclosedAt: open };
    parts.push({ kind: 'expression', source: text.slice(start, close), offset: start });
    cursor = close + 2;
  }
});

/** Whether a text has to be evaluated at all. */
export function isTemplate(text: string): boolean {
  return text.includes(OPEN);
}

function closing(text: string, start: number): number {
  let quoted = false;
  for (let i = start; i < text.length; i++) {
    const character = text[i];
    if (character === "'") quoted = !quoted;
    else if (character === '}' && !quoted && text[i + 1] === '}') return i;
  }
  return -1;
}
