import { stripVTControlCharacters } from 'node:util';

/** How many columns a terminal needs for the text. Colours need none. */
export function textWidth(text: string): number {
  if (/^[\x20-\x7e]*$/.test(text)) return text.length;
  let width = 0;
  for (const character of stripVTControlCharacters(text)) width += characterWidth(character.codePointAt(0)!);
  return width;
}

function characterWidth(code: number): number {
  if (code < 0x300) return code < 0x20 ? 0 : 1;
  if (isCombining(code)) return 0;
  return isWide(code) ? 2 : 1;
}

function isCombining(code: number): boolean {
  return (
    (code >= 0x300 && code <= 0x36f) ||
    (code >= 0x200b && code <= 0x200f) ||
    (code >= 0xfe00 && code <= 0xfe0f) ||
    (code >= 0x1f3fb && code <= 0x1f3ff)
  );
}

/** East Asian wide characters and emoji. */
function isWide(code: number): boolean {
  return (
    (code >= 0x1100 && code <= 0x115f) ||
    (code >= 0x231a && code <= 0x231b) ||
    (code >= 0x2e80 && code <= 0x303e) ||
    (code >= 0x3041 && code <= 0xa4cf) ||
    (code >= 0xac00 && code <= 0xd7a3) ||
    (code >= 0xf900 && code <= 0xfaff) ||
    (code >= 0xfe30 && code <= 0xfe6f) ||
    (code >= 0xff00 && code <= 0xff60) ||
    (code >= 0xffe0 && code <= 0xffe6) ||
    (code >= 0x1f300 && code <= 0x1faff) ||
    (code >= 0x20000 && code <= 0x3fffd)
  );
}

/** The text cut to so many columns, with `ellipsis` where something is missing. Colours stay and are ended. */
export function shorten(text: string, width: number, ellipsis: string): string {
  if (textWidth(text) <= width) return text;
  const room = width - textWidth(ellipsis);
  if (room <= 0) return ellipsis.slice(0, Math.max(0, width));
  let used = 0;
  let cut = '';
  let coloured = false;
  for (const [piece] of text.matchAll(/\u001b\[[0-9;:]*m|[\s\S]/gu)) {
    if (piece.startsWith('\u001b[')) {
      coloured = true;
      cut += piece;
      continue;
    }
    const wide = textWidth(piece);
    if (used + wide > room) break;
    used += wide;
    cut += piece;
  }
  return `${cut}${coloured ? '\u001b[0m' : ''}${ellipsis}`;
}

/** Something on the left, cut where it must be, and something short on the right, at the right edge. */
export function row(left: string, right: string, width: number, ellipsis: string): string {
  if (right === '') return shorten(left, width, ellipsis);
  const room = width - textWidth(right) - 2;
  const kept = shorten(left, Math.max(1, room), ellipsis);
  return `${kept}${' '.repeat(Math.max(2, width - textWidth(kept) - textWidth(right)))}${right}`;
}

/** Text broken at spaces into lines of at most `width` columns; words that are longer are cut into pieces. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (let word of text.split(' ')) {
    if (line !== '' && textWidth(line) + 1 + textWidth(word) > width) {
      lines.push(line);
      line = '';
    }
    while (textWidth(word) > width) {
      const head = [...word].slice(0, Math.max(1, Math.floor(width / 2))).join('');
      lines.push(head);
      word = word.slice(head.length);
    }
    line = line === '' ? word : `${line} ${word}`;
  }
  lines.push(line);
  return lines;
}

/** Wrapped text that begins after `first` and goes on after as many spaces. */
export function hanging(first: string, text: string, width: number): string[] {
  const indent = textWidth(first);
  const space = ' '.repeat(indent);
  return wrap(text, Math.max(20, width - indent)).map(
    (line, index) => `${index === 0 ? first : space}${line}`,
  );
}
