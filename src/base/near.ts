import { closest, distance } from 'fastest-levenshtein';

/** The name in `known` that `name` was probably meant to be, or null when none is near enough to be worth saying. */
export function nearestName(name: string, known: readonly string[]): string | null {
  if (known.length === 0) return null;
  const best = closest(name.toLowerCase(), [...known]);
  // Of three letters, two changed ones leave nothing in common.
  const farthest = name.length < 4 ? 1 : Math.max(2, Math.floor(name.length / 3));
  return distance(name.toLowerCase(), best.toLowerCase()) <= farthest ? best : null;
}
