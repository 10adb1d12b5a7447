import { type AnswerOptions, answerAsked } from '../answer.ts';
import type { Context } from '../context.ts';
import { readPairs } from '../given.ts';

interface ApproveOptions extends AnswerOptions {
  readonly field?: readonly string[];
  readonly comment?: string;
}

/** `sluice approve [run] [job]`: agrees to what a run asks. */
export function perform(
  context: Context,
  given: readonly string[],
  options: ApproveOptions,
): Promise<number> {
  const answers = readPairs('--field', options.field ?? []);
  return answerAsked(context, given, options, {
    decision: 'approve',
    answers,
    text: options.comment ?? null,
  });
}
