type Numbers = readonly number[];

/**
 * Whether a version is what was asked for: `20`, `3.11`, `1.21.x`, `^20.1`, `~3.2`, `>=18 <21`, `20 || 22`. null: the words say
 * nothing about numbers (`lts/*`, `latest`).
 */
export function isWanted(version: string, asked: string): boolean | null {
  const found = numbersOf(version);
  if (!found) return null;
  const ways = asked.split('||').map((way) => meets(found, way.trim()));
  if (ways.includes(true)) return true;
  return ways.includes(null) ? null : false;
}

function meets(found: Numbers, way: string): boolean | null {
  const terms = way
    .replace(/([<>=^~]+)\s+/g, '$1')
    .split(/\s+/)
    .filter(Boolean);
  const verdicts = terms.map((term) => meetsTerm(found, term));
  if (verdicts.includes(null) || verdicts.length === 0) return null;
  return verdicts.every(Boolean);
}

function meetsTerm(found: Numbers, term: string): boolean | null {
  const match = /^(>=|<=|>|<|=|\^|~>|~)?v?(\d+(?:\.(?:\d+|x|\*))*)/i.exec(term);
  if (!match) return /^[x*]$/i.test(term) ? true : null;
  const asked = numbersOf(match[2]!)!;
  const order = compare(found, asked);
  switch (match[1]) {
    case '>=':
      return order >= 0;
    case '>':
      return order > 0;
    case '<=':
      return order <= 0 || startsWith(found, asked);
    case '<':
      return order < 0;
    case '^':
      return order >= 0 && found[0] === asked[0];
    case '~':
    case '~>':
      return order >= 0 && startsWith(found, asked.slice(0, Math.max(1, Math.min(2, asked.length))));
    default:
      return startsWith(found, asked);
  }
}

/** The leading numbers; `x` ends them. */
function numbersOf(text: string): Numbers | null {
  const match = /\d+(?:\.\d+)*/.exec(text);
  return match ? match[0].split('.').map(Number) : null;
}

function startsWith(found: Numbers, asked: Numbers): boolean {
  return asked.every((number, index) => (found[index] ?? 0) === number);
}

function compare(one: Numbers, other: Numbers): number {
  for (let index = 0; index < Math.max(one.length, other.length); index++) {
    const difference = (one[index] ?? 0) - (other[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
