/** A colour or style sequence; the only control sequence that passes. */
const STYLE = /\x1b\[([0-9;:]*)m/y;
/**
 * Everything else that begins with ESC or its one-byte form: strings (OSC, DCS, SOS, PM, APC) up to their end or the end
 * of the text, other CSI sequences, two-character sequences.
 */
const STRING = /(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?/y;
const SEQUENCE = /(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?|\x1b[ -/]*[0-Z\\`-~]?/y;
const CONTROL = /[\x00-\x08\x0a-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;
const RESET = '\x1b[0m';

/**
 * One line of a program's output made safe to show in a terminal: of all control sequences only colours and styles pass,
 * and they are reset at the end of the line; other controls, bidirectional and invisible characters are dropped; of a line
 * that redraws itself with carriage returns the last state is left. Tabs stay. Half a surrogate becomes U+FFFD.
 */
export function safeForTerminal(text: string): string {
  const line = lastState(text.toWellFormed());
  let safe = '';
  let isStyled = false;
  let at = 0;
  for (;;) {
    CONTROL.lastIndex = at;
    const control = CONTROL.exec(line);
    if (!control) break;
    safe += line.slice(at, control.index);
    const style = matchAt(STYLE, line, control.index);
    if (style !== null) {
      safe += style;
      isStyled = !/^0*m$/.test(style.slice(2));
    }
    const passed = style ?? matchAt(STRING, line, control.index) ?? matchAt(SEQUENCE, line, control.index);
    at = control.index + (passed?.length || 1);
  }
  safe += line.slice(at);
  return isStyled ? safe + RESET : safe;
}

/** What stands there after all carriage returns; a return at the very end redraws nothing yet. */
function lastState(line: string): string {
  const end = line.replace(/\r+$/, '');
  return end.slice(end.lastIndexOf('\r') + 1);
}

function matchAt(pattern: RegExp, text: string, at: number): string | null {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0] ?? null;
}
