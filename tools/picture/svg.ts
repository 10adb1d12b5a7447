import type { Cell } from './screen.ts';
import type { Style } from './style.ts';

const CELL_WIDTH_PX = 8.4;
const LINE_HEIGHT_PX = 19;
const MARGIN_PX = 16;
const BAR_HEIGHT_PX = 28;
const GROUND = '#0d1117';
const INK = '#c9d1d9';

/** A terminal window as an SVG that needs no font, script or network. */
export function svgOf(rows: readonly (readonly Cell[])[], columns: number, title: string): string {
  const width = Math.ceil(columns * CELL_WIDTH_PX + 2 * MARGIN_PX);
  const height = rows.length * LINE_HEIGHT_PX + BAR_HEIGHT_PX + 2 * MARGIN_PX;
  const lines = rows.flatMap((cells, index) => {
    const baseline = BAR_HEIGHT_PX + MARGIN_PX + (index + 0.75) * LINE_HEIGHT_PX;
    return stretches(cells).map((stretch) => stretchSvg(stretch, baseline));
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escapeXml(title)}">`,
    `<title>${escapeXml(title)}</title>`,
    `<rect width="${width}" height="${height}" rx="8" fill="${GROUND}"/>`,
    ...['#ff5f57', '#febc2e', '#28c840'].map(
      (fill, index) => `<circle cx="${20 + index * 18}" cy="18" r="6" fill="${fill}"/>`,
    ),
    `<text x="${width / 2}" y="22" fill="#8b949e" text-anchor="middle" font-family="sans-serif" font-size="12">${escapeXml(title)}</text>`,
    '<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, \'DejaVu Sans Mono\', monospace" font-size="14" xml:space="preserve">',
    ...lines,
    '</g>',
    '</svg>',
    '',
  ].join('\n');
}

interface Stretch {
  readonly column: number;
  readonly text: string;
  readonly style: Style;
}

/** Neighbours of the same style, without the blanks around them where those do not show. */
function stretches(cells: readonly Cell[]): Stretch[] {
  const found: { column: number; text: string; style: Style }[] = [];
  cells.forEach(({ character, style }, column) => {
    const last = found.at(-1);
    if (last !== undefined && sameStyle(last.style, style)) last.text += character;
    else found.push({ column, text: character, style });
  });
  return found
    .map((stretch) => {
      if (stretch.style.background !== null || stretch.style.inverse || stretch.style.underline)
        return stretch;
      const text = stretch.text.trimStart();
      return { ...stretch, column: stretch.column + stretch.text.length - text.length, text: text.trimEnd() };
    })
    .filter((stretch) => stretch.text !== '');
}

function stretchSvg({ column, text, style }: Stretch, baseline: number): string {
  const x = px(MARGIN_PX + column * CELL_WIDTH_PX);
  const length = px([...text].length * CELL_WIDTH_PX);
  const ink = style.inverse ? (style.background ?? GROUND) : (style.foreground ?? INK);
  const ground = style.inverse ? (style.foreground ?? INK) : style.background;
  const looks = [
    style.bold ? ' font-weight="bold"' : '',
    style.italic ? ' font-style="italic"' : '',
    style.underline ? ' text-decoration="underline"' : '',
    style.dim ? ' opacity="0.6"' : '',
  ].join('');
  const top = px(baseline - 0.75 * LINE_HEIGHT_PX);
  const box =
    ground === null
      ? ''
      : `<rect x="${x}" y="${top}" width="${length}" height="${LINE_HEIGHT_PX}" fill="${ground}"/>`;
  // The length is fixed, so that columns stay columns whatever font the reader has.
  return `${box}<text x="${x}" y="${px(baseline)}" textLength="${length}" lengthAdjust="spacingAndGlyphs" fill="${ink}"${looks}>${escapeXml(text)}</text>`;
}

function sameStyle(a: Style, b: Style): boolean {
  return (Object.keys(a) as (keyof Style)[]).every((key) => a[key] === b[key]);
}

function px(value: number): string {
  return String(Math.round(value * 100) / 100);
}

function escapeXml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
