import { userError } from '../../base/diagnostic.ts';
import { type AnswerOptions, answerAsked } from '../answer.ts';
import type { Context } from '../context.ts';

interface RejectOptions extends AnswerOptions {
  readonly reason?: string;
}

/** `sluice reject [run] [job]`: objects to what a run asks; the reason is kept. */
export async function perform(
  context: Context,
  given: readonly string[],
  options: RejectOptions,
): Promise<number> {
  const reason = options.reason?.trim() ?? '';
  if (reason === '') {
    throw userError(
      'bad-option',
      'a rejection needs a reason',
      'say why: sluice reject --reason "too late today"',
    );
  }
  return answerAsked(context, given, options, { decision: 'reject', answers: {}, text: reason });
}
