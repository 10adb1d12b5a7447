import { stripVTControlCharacters } from 'node:util';
import { safeForTerminal } from '../base/terminal-text.ts';

/** A line of a step's log made safe to show: of all control sequences only colours are left, and those only when allowed. */
export function logText(text: string, colour: boolean): string {
  const safe = safeForTerminal(text);
  return colour ? safe : stripVTControlCharacters(safe);
}

/** The same for a place of limited width, where a tab must have one. */
export function tailText(text: string, colour: boolean): string {
  return logText(text, colour).replaceAll('\t', '    ');
}
