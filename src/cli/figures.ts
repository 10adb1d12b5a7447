import type { JsonValue } from '../base/json.ts';
import { visible } from '../base/text.ts';
import type { Figures } from '../gate/report/contract.ts';
import type { Look } from './look.ts';
import { hanging, textWidth } from './row.ts';

/** The longest name that others are aligned with. */
const NAME_WIDTH_MAX = 34;

/** A report's figures as lines: its file and kind, and below each figure beside its name. */
export function figureLines(file: string, kind: string, figures: Figures, look: Look): string[] {
  const rows = Object.entries(figures).filter(([name]) => name !== 'parse');
  const width = Math.min(NAME_WIDTH_MAX, Math.max(0, ...rows.map(([name]) => textWidth(visible(name)))));
  const heading = hanging('', `${visible(file)} ${look.glyphs.dot} ${visible(kind)}`, look.width);
  return [
    ...heading.map((line) => look.paint('bold', line)),
    ...rows.flatMap(([name, value]) =>
      hanging(`  ${visible(name).padEnd(width)}  `, figureText(value), look.width),
    ),
  ];
}

function figureText(value: JsonValue): string {
  if (value === null) return 'not applicable';
  if (Array.isArray(value)) return value.map((one) => figureText(one)).join(', ') || 'none';
  if (typeof value !== 'object') return visible(String(value));
  return (
    Object.entries(value)
      .map(([name, one]) => `${visible(name)} ${figureText(one)}`)
      .join(', ') || 'none'
  );
}
