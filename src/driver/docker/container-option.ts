/** Options that only change the container itself; with the number of words each takes. */
const ALLOWED: ReadonlyMap<string, 0 | 1> = new Map([
  ['--add-host', 1],
  ['--dns', 1],
  ['--health-cmd', 1],
  ['--health-interval', 1],
  ['--health-retries', 1],
  ['--health-start-period', 1],
  ['--health-timeout', 1],
  ['--hostname', 1],
  ['--no-healthcheck', 0],
  ['--read-only', 0],
  ['--shm-size', 1],
  ['--stop-signal', 1],
  ['--tmpfs', 1],
  ['--ulimit', 1],
]);

/**
 * Reads the text under `options` into words. Only what gives a container no more of the machine is allowed. Returns the
 * sentence of what is wrong otherwise.
 */
export function containerOptions(text: string): readonly string[] | string {
  const words = splitWords(text);
  if (words === null) return `a quotation mark in the options \`${text}\` is not closed`;
  const options: string[] = [];
  for (let at = 0; at < words.length; at++) {
    const [name, ...rest] = words[at]!.split('=');
    const takes = ALLOWED.get(name!);
    if (takes === undefined) {
      return `the container option \`${name}\` is not allowed; allowed are ${[...ALLOWED.keys()].join(', ')}`;
    }
    if (takes === 0) {
      if (rest.length > 0) return `the container option \`${name}\` takes no value`;
      options.push(name!);
      continue;
    }
    const value = rest.length > 0 ? rest.join('=') : words[++at];
    if (value === undefined) return `the container option \`${name}\` needs a value`;
    options.push(`${name}=${value}`);
  }
  return options;
}

/** As a shell parts words, with quotation marks and backslashes; null when a mark is not closed. */
function splitWords(text: string): string[] | null {
  const words: string[] = [];
  let word: string | null = null;
  let mark = '';
  for (let at = 0; at < text.length; at++) {
    const character = text[at]!;
    if (mark !== '') {
      if (character === mark) mark = '';
      else if (mark === '"' && character === '\\' && /["\\]/.test(text[at + 1] ?? '')) word += text[++at]!;
      else word += character;
    } else if (character === '"' || character === "'") {
      mark = character;
      word ??= '';
    } else if (/\s/.test(character)) {
      if (word !== null) words.push(word);
      word = null;
    } else if (character === '\\' && at + 1 < text.length) word = (word ?? '') + text[++at]!;
    else word = (word ?? '') + character;
  }
  if (mark !== '') return null;
  if (word !== null) words.push(word);
  return words;
}
