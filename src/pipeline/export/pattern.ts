/** The text of a regular expression for one of GitHub's patterns, whose `?` and `+` repeat the character before them. */
export function patternText(pattern: string): string {
  const inner = pattern.replace(/\*\*|\*|\[[^\]]*\]|\?|\+|[^\w-]/g, (part) => {
    if (part === '**') return '.*';
    if (part === '*') return '[^/]*';
    if (part === '?' || part === '+' || part.startsWith('[')) return part;
    return `\\${part}`;
  });
  // A slash inside brackets ends a regular expression for some readers.
  return `^${inner.replaceAll('[^/]', '[^\\/]')}$`;
}

/** The patterns that select, and those that take away again behind a `!`. */
export function sides(patterns: readonly string[]): { readonly takes: string[]; readonly leaves: string[] } {
  return {
    takes: patterns.filter((pattern) => !pattern.startsWith('!')),
    leaves: patterns.filter((pattern) => pattern.startsWith('!')).map((pattern) => pattern.slice(1)),
  };
}
