const ENTRIES_MAX = 4096;
const CHARACTERS_MAX = 1_000_000;

/**
 * Remembers what `compute` made of a text, for at most 4,096 texts of together a million characters; the oldest go
 * first. `compute` must be pure.
 */
export function cachedByText<T>(compute: (text: string) => T): (text: string) => T {
  const entries = new Map<string, T>();
  let characters = 0;

  return (text) => {
    const known = entries.get(text);
    if (known !== undefined) return known;
    const made = compute(text);
    entries.set(text, made);
    characters += text.length;
    for (const oldest of entries.keys()) {
      if (entries.size <= ENTRIES_MAX && characters <= CHARACTERS_MAX) break;
      entries.delete(oldest);
      characters -= oldest.length;
    }
    return made;
  };
}
