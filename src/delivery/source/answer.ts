/**
 * What was asked for, or why it could not be had: what is wrong and what to do, as text that goes on after the source's name. An
 * answer that is not exactly what was asked for is a problem and never a value.
 */
export type Answer<T> = { readonly value: T } | { readonly problem: string };

/** The longest that the figures of one version may be. More than what a double holds exactly cannot be compared. */
const FIGURE_MAX = Number.MAX_SAFE_INTEGER;

/** A figure that can be compared. `what` is what was found there, such as `data.rate`. */
export function figureOf(value: unknown, what: string): Answer<number> {
  if (typeof value !== 'number')
    return { problem: `has ${kindOf(value)} in ${what}, not a number; name the place of a number` };
  if (!Number.isFinite(value)) return { problem: `has no finite number in ${what}; see what it computes` };
  if (Math.abs(value) > FIGURE_MAX)
    return { problem: `has a number in ${what} that is too large to compare; see what it computes` };
  return { value };
}

/** A number as text, as a command or Prometheus writes it. */
export function figureOfText(text: string, what: string): Answer<number> {
  if (/^[+-]?(nan|inf(inity)?)$/i.test(text))
    return {
      problem: `has ${text} in ${what}, which is no figure; see whether something was divided by zero`,
    };
  if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text))
    return { problem: `has no number in ${what}; it must be one number and nothing else` };
  return figureOf(Number(text), what);
}

/** For messages: what kind of value it is, never the value itself. */
export function kindOf(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  const kinds: Readonly<Record<string, string>> = {
    object: 'an object',
    string: 'text',
    boolean: 'true or false',
    number: 'a number',
  };
  return kinds[typeof value] ?? typeof value;
}
