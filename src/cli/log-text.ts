import { stripVTControlCharacters } from 'node:util';
import { visible } from '../base/text.ts';

const SGR = /\u001b\[[0-9;:]*m/;

/** A line of a step's log made safe to show: of all escape sequences only colours are left, and those only when allowed. */
export function logText(text: string, colour: boolean): string {
  const pieces = text.replaceAll('\t', '    ').split(/(\u001b\[[0-9;:]*m)/);
  const shown = pieces.map((piece) => {
    if (SGR.test(piece)) return colour ? piece : '';
    return visible(stripVTControlCharacters(piece));
  });
  return colour && pieces.length > 1 ? `${shown.join('')}\u001b[0m` : shown.join('');
}
