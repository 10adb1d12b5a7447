import { expansion, type Look, piecesOf } from './value.ts';

/**
 * A script of a POSIX shell in which each `${{ }}` is the variable that holds the value; within single quotes these are closed
 * around it. `lose` is told what no variable holds, and where a shell would not look for one.
 */
export function substituted(
  script: string,
  look: Look,
  lose: (source: string, why: 'unknown' | 'quoted') => void,
): string {
  const pieces = piecesOf(script, look, (source) => lose(source, 'unknown'));
  const state = new QuoteState();
  return pieces
    .map((piece) => {
      if (piece.kind === 'text') {
        state.read(piece.text);
        return piece.text;
      }
      if (state.here) lose(piece.name, 'quoted');
      const value = expansion(piece);
      return state.quote === "'" ? `'"${value}"'` : value;
    })
    .join('');
}

/** Where a shell is after a part of a script: between quotes, or in a here-document that is taken as it stands. */
class QuoteState {
  quote: '' | "'" | '"' = '';
  /** The end of a here-document whose mark is quoted. */
  here: string | null = null;
  #line = '';
  #next: string | null = null;

  read(text: string): void {
    for (let at = 0; at < text.length; at++) {
      const character = text[at]!;
      if (character === '\n') this.#endLine();
      else this.#line += character;
      if (this.here) continue;
      if (character === '\\' && this.quote !== "'") at += this.#skip(text[at + 1]);
      else if (this.quote === '') this.#outside(character, text, at);
      else if (character === this.quote) this.quote = '';
    }
  }

  #skip(next: string | undefined): number {
    if (next !== undefined && next !== '\n') this.#line += next;
    if (next === '\n') this.#endLine();
    return 1;
  }

  #outside(character: string, text: string, at: number): void {
    if (character === "'" || character === '"') this.quote = character;
    const mark = character === '<' && /^<<-?\s*(['"])(\w+)\1/.exec(text.slice(at));
    if (mark) this.#next = mark[2]!;
  }

  #endLine(): void {
    if (this.here !== null && this.#line.trim() === this.here) this.here = null;
    else if (this.here === null && this.#next !== null) {
      this.here = this.#next;
      this.quote = '';
    }
    this.#next = null;
    this.#line = '';
  }
}

/** Whether a script is one of a POSIX shell, in which `$NAME` is a variable. */
export function isPosix(shell: string): boolean {
  return /^(?:sh|bash|dash|zsh|ksh)(?:\s|$)/.test(shell);
}
