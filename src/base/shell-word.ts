/** A text as one word of a POSIX shell, whatever is in it. A NUL cannot be in a word. */
export function shellWord(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
