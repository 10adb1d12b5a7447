import { applySgr, PLAIN, type Style } from './style.ts';

export interface Cell {
  readonly character: string;
  readonly style: Style;
}

/** A control sequence (CSI), an operating-system command (OSC), another escape, or one character. */
const TOKEN = /\x1b\[([?>=]?)([\d;]*)([@-~])|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[@-Z\\-_=>78]|[\s\S]/gu;

/**
 * What a terminal of `columns` shows after it received `output`, with everything that scrolled away: rows of cells.
 * Knows what programs that redraw lines use: cursor movement, erasing, SGR. Other sequences do nothing.
 */
export function screenOf(output: string, columns: number): Cell[][] {
  const rows: Cell[][] = [];
  let row = 0;
  let column = 0;
  let style: Style = PLAIN;

  const rowAt = (index: number): Cell[] => {
    while (rows.length <= index) rows.push([]);
    return rows[index]!;
  };
  const put = (character: string) => {
    if (column >= columns) {
      column = 0;
      row += 1;
    }
    const cells = rowAt(row);
    while (cells.length < column) cells.push({ character: ' ', style: PLAIN });
    cells[column] = { character, style };
    column += 1;
  };
  const control = (codes: readonly number[], command: string) => {
    const count = Math.max(1, codes[0] ?? 1);
    if (command === 'm') style = applySgr(style, codes.length === 0 ? [0] : codes);
    else if (command === 'A') row = Math.max(0, row - count);
    else if (command === 'B') row += count;
    else if (command === 'C') column = Math.min(columns - 1, column + count);
    else if (command === 'D') column = Math.max(0, column - count);
    else if (command === 'E' || command === 'F') {
      row = Math.max(0, row + (command === 'E' ? count : -count));
      column = 0;
    } else if (command === 'G') column = Math.min(columns, count) - 1;
    else if (command === 'K') eraseInLine(rowAt(row), codes[0] ?? 0);
    else if (command === 'J' && (codes[0] ?? 0) === 0) {
      eraseInLine(rowAt(row), 0);
      rows.length = row + 1;
    }
  };
  const eraseInLine = (cells: Cell[], part: number) => {
    if (part === 2) cells.length = 0;
    else if (part === 0) cells.length = Math.min(cells.length, column);
    else for (let i = 0; i <= column && i < cells.length; i++) cells[i] = { character: ' ', style: PLAIN };
  };

  for (const [token, privateMark, codes, command] of output.matchAll(TOKEN)) {
    if (command !== undefined) {
      if (privateMark === '') control(codes ? codes.split(';').map(Number) : [], command);
    } else if (token === '\n') {
      row += 1;
      rowAt(row);
    } else if (token === '\r') column = 0;
    else if (token === '\b') column = Math.max(0, column - 1);
    else if (token === '\t') column = Math.min(columns - 1, (Math.floor(column / 8) + 1) * 8);
    else if (token >= ' ') put(token);
  }
  while (rows.length > 0 && rows.at(-1)!.every((cell) => cell.character === ' ')) rows.pop();
  return rows;
}
