import type { Decision } from './expression-context.ts';

const FALSY = new Set(['false', 'null', "''", '0', 'NaN']);

/**
 * The shortest true explanation of a decision: the term that made it come out as it did, its value, and why.
 * `success() is false because test failed`.
 */
export function decisionSentence(decision: Decision): string {
  const deciding = decidingParts(decision);
  if (decision.because !== null || deciding.length === 0) return ownSentence(decision);
  const telling = deciding.length > 1 ? deciding.filter((part) => !isPlainSuccess(part)) : deciding;
  const sentences = [...new Set((telling.length > 0 ? telling : deciding).map(decisionSentence))];
  if (sentences.length <= 3) return sentences.join(' and ');
  return `${sentences.slice(0, 2).join(' and ')} and ${sentences.length - 2} more`;
}

function ownSentence({ term, value, because }: Decision): string {
  return because === null ? `${term} is ${value}` : `${term} is ${value} because ${because}`;
}

/**
 * `and` is false by its last part alone and true by all of them, `or` is true by its last part alone and false by all:
 * those whose truth is that of the whole. What stands behind the last one was not looked at.
 */
function decidingParts({ value, parts }: Decision): readonly Decision[] {
  const met = isTruthy(value);
  const agreeing = parts.filter((part) => isTruthy(part.value) === met);
  const isNegation = agreeing.length === 0 && parts.length === 1;
  return isNegation ? parts : agreeing;
}

/** That nothing failed before is not worth a word when there is more to tell. */
function isPlainSuccess({ term, value }: Decision): boolean {
  return term === 'success()' && value === 'true';
}

function isTruthy(value: string): boolean {
  return !FALSY.has(value);
}
