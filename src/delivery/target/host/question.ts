import { withoutUserInfo } from '../../../base/text.ts';
import type { HealthQuestion } from '../../../pipeline/plan-health-check.ts';
import type { Instance } from '../contract.ts';
import type { QuestionAnswer } from './look.ts';

/** One question about one instance. */
export interface Question {
  readonly instance: Instance;
  /** Its place among the checks. */
  readonly check: number;
  readonly ask: HealthQuestion;
  readonly timeoutMs: number;
  /** A complete URL is asked from this machine, as users would; everything else on the instance's own host. */
  readonly isAskedHere: boolean;
}

export function questionOf(
  instance: Instance,
  check: number,
  ask: HealthQuestion,
  timeoutMs: number,
): Question {
  const isAskedHere = ask.kind === 'http' && /^https?:\/\//i.test(ask.url);
  if (ask.kind !== 'http' || isAskedHere) return { instance, check, ask, timeoutMs, isAskedHere };
  // As a browser would write it, so that nothing in it can end the line of the request.
  const { pathname, search } = new URL(`http://localhost/${ask.url.replace(/^\/+/, '')}`);
  return { instance, check, ask: { ...ask, url: pathname + search }, timeoutMs, isAskedHere };
}

/** Asks a complete URL. A redirect is an answer of its own and not followed. Never rejects. */
export async function askHere(question: Question): Promise<QuestionAnswer> {
  const { ask, timeoutMs } = question;
  if (ask.kind !== 'http') throw new Error('internal error: only a URL is asked from here');
  const bad = (why: string) => ({ question, isGood: false, why });
  try {
    const { href, headers } = withoutCredentials(ask.url);
    const answer = await fetch(href, { headers, redirect: 'manual', signal: AbortSignal.timeout(timeoutMs) });
    await answer.body?.cancel();
    const { status } = answer;
    const isGood = ask.status === null ? status >= 200 && status < 400 : status === ask.status;
    return isGood ? { question, isGood, why: '' } : bad(`the answer was ${status}`);
  } catch (error) {
    if (error instanceof Error && error.name === 'TimeoutError')
      return bad(`no answer within ${timeoutMs} ms`);
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    return bad(withoutUserInfo(cause instanceof Error ? cause.message : `${cause}`));
  }
}

/** fetch refuses credentials in a URL. */
function withoutCredentials(text: string): { href: string; headers: Record<string, string> } {
  const url = new URL(text);
  if (url.username === '' && url.password === '') return { href: url.href, headers: {} };
  const pair = [url.username, url.password].map(decodeURIComponent).join(':');
  url.username = '';
  url.password = '';
  return { href: url.href, headers: { authorization: `Basic ${Buffer.from(pair).toString('base64')}` } };
}
