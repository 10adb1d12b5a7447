import picomatch from 'picomatch';
import { cachedByText } from './expression-cache.ts';

/**
 * Whether a branch, tag or path is selected by patterns in GitHub's sense: they are read in order, one that matches
 * selects, one with `!` in front that matches takes back, and the last one that matches decides.
 */
export function isSelected(name: string, patterns: readonly string[]): boolean {
  let selected = false;
  for (const pattern of patterns) {
    const negated = pattern.startsWith('!');
    if (selected === negated && matcher(negated ? pattern.slice(1) : pattern)(name)) selected = !negated;
  }
  return selected;
}

const matcher: (pattern: string) => (name: string) => boolean = cachedByText((pattern) =>
  picomatch(translated(pattern), { dot: true, noextglob: true, nonegate: true }),
);

/**
 * GitHub's pattern in picomatch's words. They differ in three things: `?` and `+` repeat what stands before them, `**`
 * crosses folders also next to other characters (`**.js`), and brackets other than `[ ]` are plain characters; `{a,b}` is
 * taken as a choice all the same, which GitHub does not know.
 */
function translated(pattern: string): string {
  let result = '';
  for (const { 0: unit, index } of pattern.matchAll(
    /\*+|(?:\\.|\[[^\]]+\]|\{[^{}]*,[^{}]*\}|[^*])[?+]?/gsu,
  )) {
    if (!unit.startsWith('*')) result += repeated(unit);
    else if (unit === '*') result += '*';
    else result += isWholeSegment(pattern, index, index + unit.length) ? '**' : '{*,*/**/*}';
  }
  return result;
}

function isWholeSegment(pattern: string, start: number, end: number): boolean {
  return (start === 0 || pattern[start - 1] === '/') && (end === pattern.length || pattern[end] === '/');
}

function repeated(unit: string): string {
  const repeat = /^[^?+].*[?+]$/su.test(unit) ? unit.at(-1)! : '';
  const plain = repeat === '' ? unit : unit.slice(0, -1);
  const isSet = plain.length > 1 && /^[[\\{]/.test(plain);
  const escaped = isSet ? plain : plain.replace(/[\\{}()|@!$^"?+[\]]/, '\\$&');
  return repeat === '' ? escaped : `(${escaped})${repeat}`;
}
