/** How a cell of a terminal looks. Colours are CSS colours; null is the terminal's own. */
export interface Style {
  readonly foreground: string | null;
  readonly background: string | null;
  readonly bold: boolean;
  readonly dim: boolean;
  readonly italic: boolean;
  readonly underline: boolean;
  readonly inverse: boolean;
}

export const PLAIN: Style = {
  foreground: null,
  background: null,
  bold: false,
  dim: false,
  italic: false,
  underline: false,
  inverse: false,
};

/** The sixteen named colours, readable on the dark ground of the pictures. */
const NAMED = [
  ...['#484f58', '#ff7b72', '#3fb950', '#d29922', '#58a6ff', '#bc8cff', '#39c5cf', '#b1bac4'],
  ...['#6e7681', '#ffa198', '#56d364', '#e3b341', '#79c0ff', '#d2a8ff', '#56d4dd', '#f0f6fc'],
];

const ON: Readonly<Record<number, Partial<Style>>> = {
  1: { bold: true },
  2: { dim: true },
  3: { italic: true },
  4: { underline: true },
  7: { inverse: true },
  22: { bold: false, dim: false },
  23: { italic: false },
  24: { underline: false },
  27: { inverse: false },
  39: { foreground: null },
  49: { background: null },
};

/** The style after one SGR sequence (`ESC [ codes m`); unknown codes change nothing. */
export function applySgr(style: Style, codes: readonly number[]): Style {
  let result = style;
  for (let i = 0; i < codes.length; i++) {
    const code = codes[i] ?? 0;
    if (code === 0) result = PLAIN;
    else if (code === 38 || code === 48) {
      const { color, length } = extendedColor(codes.slice(i + 1));
      if (color !== null) result = { ...result, [code === 38 ? 'foreground' : 'background']: color };
      i += length;
    } else if (code >= 30 && code <= 37) result = { ...result, foreground: NAMED[code - 30] ?? null };
    else if (code >= 90 && code <= 97) result = { ...result, foreground: NAMED[code - 82] ?? null };
    else if (code >= 40 && code <= 47) result = { ...result, background: NAMED[code - 40] ?? null };
    else if (code >= 100 && code <= 107) result = { ...result, background: NAMED[code - 92] ?? null };
    else result = { ...result, ...ON[code] };
  }
  return result;
}

/** `5;n` or `2;r;g;b` after 38 or 48, and how many codes that were. */
function extendedColor(codes: readonly number[]): { color: string | null; length: number } {
  if (codes[0] === 5) return { color: indexedColor(codes[1] ?? 0), length: 2 };
  if (codes[0] === 2) return { color: `rgb(${codes.slice(1, 4).join(',')})`, length: 4 };
  return { color: null, length: 0 };
}

function indexedColor(index: number): string {
  if (index < 16) return NAMED[index] ?? NAMED[7]!;
  if (index >= 232) {
    const gray = 8 + (index - 232) * 10;
    return `rgb(${gray},${gray},${gray})`;
  }
  const level = (step: number) => (step === 0 ? 0 : 55 + step * 40);
  const cube = index - 16;
  return `rgb(${level(Math.floor(cube / 36))},${level(Math.floor(cube / 6) % 6)},${level(cube % 6)})`;
}
