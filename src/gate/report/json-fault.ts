/** Longer text is not searched: the end of it is place enough. */
const SEARCHED_CHARACTERS_MAX = 1_000_000;
/** V8 shows so many characters before the wrong one. */
const CONTEXT_CHARACTERS = 10;
const TOKEN =
  /\s*(?:"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?|true|false|null|[{}[\],:])\s*/y;

/** What `JSON.parse` found wrong with a text, in its words without what it quotes, and where: an index in the text. */
export function jsonFault(
  text: string,
  error: SyntaxError,
): { readonly cause: string; readonly position: number } {
  const positioned = /^(.*?) in JSON at position (\d+)/s.exec(error.message);
  if (positioned) return { cause: lowerFirst(positioned[1]!), position: Number(positioned[2]) };
  const quoted = /^(.*?), (\.\.\.)?"(.*)"(?:\.\.\.)? is not valid JSON$/s.exec(error.message);
  const cause = lowerFirst(quoted?.[1] ?? error.message);
  if (text.length > SEARCHED_CHARACTERS_MAX) return { cause, position: text.length };
  return { cause, position: wrongToken(text) ?? inContext(text, quoted) ?? text.length };
}

/** Where something stands that is no token of JSON, such as NaN or a single quote. */
function wrongToken(text: string): number | null {
  TOKEN.lastIndex = 0;
  let at = 0;
  while (at < text.length && TOKEN.test(text)) at = TOKEN.lastIndex;
  return at < text.length ? at : null;
}

function inContext(text: string, quoted: RegExpExecArray | null): number | null {
  const [, , dots, context] = quoted ?? [];
  const at = dots && context ? text.indexOf(context) : -1;
  return at < 0 ? null : at + CONTEXT_CHARACTERS;
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
