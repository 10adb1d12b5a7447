/** Why an expression has no value: its own words, shortened, and the reason. */
export function syntaxMessage(source: string, problem: string): string {
  return `the expression '${shortSource(source)}' cannot be read: ${problem}`;
}

/** `error` is what the evaluation threw. The library's format() quotes its arguments, so its text is not passed on. */
export function evaluationMessage(source: string, error: unknown): string {
  return `the expression '${shortSource(source)}' cannot be evaluated: ${reason(error)}`;
}

function reason(error: unknown): string {
  if (error instanceof RangeError) return 'a value in it is too large or nested too deep';
  const message = error instanceof Error ? error.message : '';
  if (message.includes('references more arguments')) return 'format() names more arguments than it was given';
  if (message.includes('format string is invalid'))
    return 'format() has a brace that belongs to no {0}; write {{ or }} for a brace';
  if (message.includes('case predicate')) return 'a condition of case() is neither true nor false';
  const known = /fromJSON\(\) was given .*$/.exec(message);
  return known ? known[0] : 'the expression library refused it';
}

function shortSource(source: string): string {
  const line = source.trim().replace(/\s+/g, ' ');
  return line.length > 120 ? `${line.slice(0, 119)}…` : line;
}
