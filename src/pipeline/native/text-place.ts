import type { ScalarNode, Span } from './node.ts';

/**
 * The place in the file of one character of a text value. Exact for quoted, block and folded text: value and source are
 * walked side by side, because they differ only by indentation, folding and escapes.
 */
export function spanInText(node: ScalarNode, offset: number, length = 1): Span {
  if (node.style === 'code' || typeof node.value !== 'string') return node;
  const text = node.source.text;
  let at = contentStart(node);
  let index = 0;
  while (index < offset && at < node.end) {
    const wanted = node.value[index];
    const found = text[at];
    if (node.style === 'double' && found === '\\') {
      const sequence = escapeLength(text, at);
      at += sequence.source;
      index += sequence.value;
    } else if (node.style === 'single' && found === "'") {
      at += 2;
      index++;
    } else if (wanted === found) {
      at++;
      index++;
    } else if (isSpace(found)) at++;
    else if (isSpace(wanted)) index++;
    else return node;
  }
  // The character itself may stand behind a line break and its indentation.
  while (at < node.end && text[at] !== node.value[offset] && isSpace(text[at])) at++;
  const end = Math.min(at + length, Math.max(node.end, at + 1));
  return { source: node.source, start: at, end };
}

function contentStart(node: ScalarNode): number {
  const { text } = node.source;
  if (node.style === 'block') {
    const newline = text.indexOf('\n', node.start);
    return newline < 0 ? node.start : newline + 1;
  }
  return node.style === 'plain' ? node.start : node.start + 1;
}

/** How many characters an escape takes in the file and in the value. */
function escapeLength(text: string, at: number): { source: number; value: number } {
  switch (text[at + 1]) {
    case 'x':
      return { source: 4, value: 1 };
    case 'u':
      return { source: 6, value: 1 };
    case 'U':
      return { source: 10, value: Number.parseInt(text.slice(at + 2, at + 10), 16) > 0xffff ? 2 : 1 };
    case '\n': {
      const rest = /^[ \t]*/.exec(text.slice(at + 2, at + 200))?.[0].length ?? 0;
      return { source: 2 + rest, value: 0 };
    }
    default:
      return { source: 2, value: 1 };
  }
}

function isSpace(character: string | undefined): boolean {
  return character === ' ' || character === '\n' || character === '\t' || character === '\r';
}
