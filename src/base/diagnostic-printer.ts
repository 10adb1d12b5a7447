import { styleText } from 'node:util';
import type { Diagnostic, Place } from './diagnostic.ts';
import { counted, visible } from './text.ts';

export interface PrintOptions {
  readonly colour: boolean;
  /** Columns of the terminal. */
  readonly width: number;
}

/** The narrowest width that still shows something. */
const WIDTH_MIN = 40;

/**
 * All diagnostics as text for a person: message, place, the line with a mark under the place, related places, what to do,
 * and at the end how many there were. `sources` gives the text of a file, or null when there is none to show.
 * Nothing in the result can move the cursor or turn the text round, whatever the files hold. Ends with a newline.
 */
export function printDiagnostics(
  diagnostics: readonly Diagnostic[],
  sources: (file: string) => string | null,
  options: PrintOptions,
): string {
  if (diagnostics.length === 0) return '';
  const width = Math.max(options.width, WIDTH_MIN);
  const lines = cachedLines(sources);
  const style = styler(options.colour);
  const blocks = diagnostics.map((diagnostic) => printOne(diagnostic, lines, width, style).join('\n'));
  return `${blocks.join('\n\n')}\n\n${style(worst(diagnostics), closing(diagnostics))}\n`;
}

type Style = (kind: 'error' | 'warning' | 'place' | 'gutter' | 'help', text: string) => string;

function styler(colour: boolean): Style {
  const formats = {
    error: ['bold', 'red'],
    warning: ['bold', 'yellow'],
    place: 'cyan',
    gutter: 'dim',
    help: 'green',
  } as const;
  // The caller has decided about colour, so the stream is not asked again.
  return (kind, text) =>
    colour && text !== '' ? styleText(formats[kind] as 'dim', text, { validateStream: false }) : text;
}

type Lines = (file: string) => readonly string[] | null;

function cachedLines(sources: (file: string) => string | null): Lines {
  const known = new Map<string, readonly string[] | null>();
  return (file) => {
    if (!known.has(file))
      known.set(
        file,
        sources(file)
          ?.replace(/^\ufeff/, '')
          .split(/\r?\n/) ?? null,
      );
    return known.get(file) ?? null;
  };
}

function printOne(diagnostic: Diagnostic, lines: Lines, width: number, style: Style): string[] {
  const { severity, place } = diagnostic;
  const [first = '', ...more] = wrapped(
    `${severity}: ${visible(diagnostic.message)} [${diagnostic.code}]`,
    width,
    '  ',
  );
  const out = [`${style(severity, `${severity}:`)}${first.slice(severity.length + 1)}`, ...more];
  if (place) out.push(...printPlace(place, null, lines, width, style, severity));
  for (const related of diagnostic.related ?? []) {
    out.push(...printPlace(related.place, related.message, lines, width, style, 'place'));
  }
  if (diagnostic.suggestion !== undefined) {
    out.push(
      ...wrapped(`= ${visible(diagnostic.suggestion)}`, width - 2, '  ').map(
        (line) => `  ${style('help', line)}`,
      ),
    );
  }
  return out;
}

function printPlace(
  place: Place,
  message: string | null,
  lines: Lines,
  width: number,
  style: Style,
  mark: 'error' | 'warning' | 'place',
): string[] {
  const where = `${visible(place.file)}:${place.start.line}:${place.start.column}`;
  const head =
    message === null
      ? [style('place', where)]
      : wrapped(`${where}: ${visible(message)}`, width - 2, '  ').map((line) => style('place', line));
  const out = head.map((line) => `  ${line}`);
  const line = lines(place.file)?.[place.start.line - 1];
  if (line === undefined) return out;
  const gutter = String(place.start.line).padStart(5);
  const end = place.end.line === place.start.line ? place.end.column : line.length + 1;
  const { text, before, marked } = excerpt(line, place.start.column - 1, end - 1, width - gutter.length - 3);
  out.push(`${style('gutter', `${gutter} |`)} ${text}`.trimEnd());
  out.push(
    `${style('gutter', `${' '.repeat(gutter.length)} |`)} ${' '.repeat(before)}${style(mark, '^'.repeat(marked))}`,
  );
  return out;
}

interface Cell {
  readonly text: string;
  readonly columns: number;
}

/** The part of a line around [start, end) that fits, the columns before the mark, and those of the mark. */
function excerpt(
  line: string,
  start: number,
  end: number,
  room: number,
): { text: string; before: number; marked: number } {
  const cells: Cell[] = [];
  let first = -1;
  let last = -1;
  let offset = 0;
  // Far away from the place nothing is shown, so a line of a megabyte is not walked whole.
  const from = Math.max(0, start - room);
  for (const character of line.slice(from, start + 2 * room)) {
    if (first < 0 && from + offset + character.length > start) first = cells.length;
    if (from + offset < end) last = cells.length;
    cells.push(cellOf(character));
    offset += character.length;
  }
  if (first < 0) first = cells.length;
  last = Math.max(last, first);
  let left = first;
  let used = columns(cells, first, first + 1);
  const third = Math.floor(room / 3);
  const whole = columns(cells, 0, cells.length) <= room && from === 0 && line.length <= start + 2 * room;
  while (left > 0 && (whole || used + cells[left - 1]!.columns + 1 <= Math.max(third, used)))
    used += cells[--left]!.columns;
  let right = left;
  let taken = 0;
  const ellipsisLeft = left > 0 || from > 0 ? 1 : 0;
  while (right < cells.length && (whole || taken + cells[right]!.columns + ellipsisLeft + 1 <= room))
    taken += cells[right++]!.columns;
  const ellipsisRight = !whole && (right < cells.length || from + offset < line.length);
  const text = `${ellipsisLeft ? '…' : ''}${cells
    .slice(left, right)
    .map((cell) => cell.text)
    .join('')}${ellipsisRight ? '…' : ''}`;
  const before = ellipsisLeft + columns(cells, left, first);
  const marked = Math.max(1, Math.min(columns(cells, first, last + 1), room - before));
  return { text, before, marked };
}

function columns(cells: readonly Cell[], from: number, to: number): number {
  let sum = 0;
  for (let index = from; index < to && index < cells.length; index++) sum += cells[index]!.columns;
  return sum;
}

/** East Asian wide letters and what lies beyond the basic plane (mostly emoji) take two columns. */
const WIDE =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\u{10000}-\u{10ffff}]/u;

function cellOf(character: string): Cell {
  if (character === '\t') return { text: '  ', columns: 2 };
  const text = visible(character);
  if (text !== character) return { text, columns: text.length };
  if (/\p{M}/u.test(character)) return { text, columns: 0 };
  return { text, columns: WIDE.test(character) ? 2 : 1 };
}

/** Text in lines of at most `width`; the second and further ones are indented. Words longer than a line stay whole. */
function wrapped(text: string, width: number, indent: string): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.trim() !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = `${indent}${word}`;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  lines.push(line);
  return lines;
}

function worst(diagnostics: readonly Diagnostic[]): 'error' | 'warning' {
  return diagnostics.some((one) => one.severity === 'error') ? 'error' : 'warning';
}

function closing(diagnostics: readonly Diagnostic[]): string {
  const errors = diagnostics.filter((one) => one.severity === 'error').length;
  const warnings = diagnostics.length - errors;
  const parts = [
    errors > 0 ? counted(errors, 'error') : '',
    warnings > 0 ? counted(warnings, 'warning') : '',
  ];
  return parts.filter((part) => part !== '').join(' and ');
}
