import type { Look } from './look.ts';
import { shorten, textWidth } from './row.ts';

export interface Column {
  readonly heading: string;
  /** Gives way when the table is too wide, down to this width. */
  readonly widthMin?: number;
  /** Numbers stand at the right edge. */
  readonly right?: true;
}

/** A table that fits the width of the look, as long as its columns can give way. Pure. */
export function tableLines(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  look: Look,
): string[] {
  const all = [columns.map(({ heading }) => heading), ...rows];
  const widths = columns.map((_, at) => Math.max(...all.map((row) => textWidth(row[at]!))));
  const excess = () => widths.reduce((sum, width) => sum + width + 2, -2) - look.width;
  while (excess() > 0) {
    const giving = columns.flatMap(({ widthMin }, at) =>
      widthMin !== undefined && widths[at]! > widthMin ? [at] : [],
    );
    if (giving.length === 0) break;
    const widest = giving.reduce((one, other) => (widths[other]! > widths[one]! ? other : one));
    widths[widest]!--;
  }
  return all.map((row, index) => {
    const words = row.map((word, at) => {
      const shown = shorten(word, widths[at]!, look.glyphs.ellipsis);
      const space = ' '.repeat(Math.max(0, widths[at]! - textWidth(shown)));
      return columns[at]!.right ? space + shown : shown + space;
    });
    const line = words.join('  ').trimEnd();
    return index === 0 ? look.paint('dim', line) : line;
  });
}
