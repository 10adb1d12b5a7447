import { cachedByText } from './expression-cache.ts';

/**
 * Whether a branch, tag or path is selected by patterns in GitHub's sense: they are read in order, one that matches
 * selects, one with `!` in front that matches takes back, and the last one that matches decides.
 */
export function isSelected(name: string, patterns: readonly string[]): boolean {
  let selected = false;
  for (const pattern of patterns) {
    const negated = pattern.startsWith('!');
    if (selected !== negated) continue;
    const choices = compiled(negated ? pattern.slice(1) : pattern);
    if (choices.some((units) => matches(units, name))) selected = !negated;
  }
  return selected;
}

/*
 * GitHub's patterns are no usual globs: `?` and `+` repeat the character before them, and `**` crosses folders also inside
 * a name (`**.js`). They are compared here without ever going back in the name, in time pattern x name. As a regular
 * expression, `**a**a**a**a**a**a**a**b` ran for minutes on a name of 60 characters, and names of branches come from
 * whoever may push.
 */
interface Unit {
  readonly fits: (character: string) => boolean;
  /** May be used again for the next character. */
  readonly repeats: boolean;
  /** How far one may go on without using a character. */
  readonly skips: readonly number[];
}

const any = () => true;
const isSlash = (character: string) => character === '/';
const isNoSlash = (character: string) => character !== '/';

const STAR: Unit = { fits: isNoSlash, repeats: true, skips: [1] };
const STARS: Unit = { fits: any, repeats: true, skips: [1] };
/** A `**` for whole folders, with the slash behind it: none or more of them. */
const FOLDERS: readonly Unit[] = [
  { fits: () => false, repeats: false, skips: [1, 3] },
  STARS,
  { fits: isSlash, repeats: false, skips: [] },
];

/** Follows all ways through the units at once: `at[i]` says whether those before the i-th have matched the name so far. */
function matches(units: readonly Unit[], name: string): boolean {
  let at = new Uint8Array(units.length + 1);
  at[0] = 1;
  skipOn(units, at);
  for (const character of name) {
    const next = new Uint8Array(units.length + 1);
    for (const [index, { fits, repeats }] of units.entries()) {
      if (at[index] && fits(character)) next[repeats ? index : index + 1] = 1;
    }
    skipOn(units, next);
    at = next;
  }
  return at[units.length] === 1;
}

function skipOn(units: readonly Unit[], at: Uint8Array): void {
  for (const [index, { skips }] of units.entries()) {
    if (at[index]) for (const skip of skips) at[index + skip] = 1;
  }
}

/** A pattern as one list of units for each choice of its `{a,b}`, which GitHub does not know but people expect. */
const compiled: (pattern: string) => readonly (readonly Unit[])[] = cachedByText((pattern) => {
  const choices = choicesOf(pattern);
  return choices.length > CHOICES_MAX ? [unitsOf(pattern)] : choices.map(unitsOf);
});

const CHOICES_MAX = 64;

function choicesOf(pattern: string): readonly string[] {
  const braces = /\{([^{},]*(?:,[^{},]*)+)\}/.exec(pattern);
  if (!braces) return [pattern];
  const before = pattern.slice(0, braces.index);
  const rest = choicesOf(pattern.slice(braces.index + braces[0].length));
  if (rest.length > CHOICES_MAX) return rest;
  return braces[1]!.split(',').flatMap((choice) => rest.map((end) => before + choice + end));
}

const TOKEN = /\*\*+\/?|\*|(?:\\.|\[[^\]]+\]|.)[?+]?/gsu;

function unitsOf(pattern: string): readonly Unit[] {
  return [...pattern.matchAll(TOKEN)].flatMap(({ 0: token, index }) => {
    if (token === '*') return [STAR];
    if (!token.startsWith('**')) return characterUnits(token);
    const startsSegment = index === 0 || pattern[index - 1] === '/';
    if (!token.endsWith('/')) return [STARS];
    return startsSegment ? FOLDERS : [STARS, { fits: isSlash, repeats: false, skips: [] }];
  });
}

/** Units of a single character, a `\x` or a `[set]`, with `?` or `+` behind it. */
function characterUnits(token: string): readonly Unit[] {
  const repeat = /.[?+]$/su.test(token) ? token.at(-1) : '';
  const fits = characterTest(repeat === '' ? token : token.slice(0, -1));
  const once: Unit = { fits, repeats: false, skips: repeat === '?' ? [1] : [] };
  return repeat === '+' ? [once, { fits, repeats: true, skips: [1] }] : [once];
}

function characterTest(text: string): (character: string) => boolean {
  if (text.startsWith('\\')) return (character) => character === (text.slice(1) || '\\');
  if (!text.startsWith('[') || text === '[') return (character) => character === text;
  const ranges = [...text.slice(1, -1).matchAll(/(.)-(.)|(.)/gsu)];
  return (character) =>
    ranges.some(([, from, to, single]) =>
      single ? single === character : from! <= character && character <= to!,
    );
}
