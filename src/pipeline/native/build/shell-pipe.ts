/**
 * Whether a script certainly has a pipe that could hide a failure: `a | b` outside quotes and comments, without `pipefail`.
 * Scripts with here-documents, `case` or substitutions are left alone, because only a shell could tell.
 */
export function hasUnguardedPipe(script: string): boolean {
  if (!script.includes('|') || /pipefail|<<|\bcase\b|`|\$\(/.test(script)) return false;
  let quote: string | null = null;
  for (let at = 0; at < script.length; at++) {
    const character = script[at]!;
    if (quote) {
      if (character === '\\' && quote === '"') at++;
      else if (character === quote) quote = null;
      continue;
    }
    if (character === '\\') at++;
    else if (character === "'" || character === '"') quote = character;
    else if (character === '#' && (at === 0 || /\s/.test(script[at - 1]!))) {
      const newline = script.indexOf('\n', at);
      if (newline < 0) return false;
      at = newline;
    } else if (script.startsWith('${{', at)) {
      const close = script.indexOf('}}', at);
      if (close < 0) return false;
      at = close + 1;
    } else if (character === '|') {
      if (script[at + 1] === '|') at++;
      else if (script[at - 1] !== '>') return true;
    }
  }
  return false;
}
