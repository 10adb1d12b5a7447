import { userError } from '../../base/diagnostic.ts';
import { nearestName } from '../../base/near.ts';
import { visible } from '../../base/text.ts';
import type { Context } from '../context.ts';
import { type CheckOptions, checkFiles } from '../gate/check.ts';
import { explain } from '../gate/explain.ts';
import { history } from '../gate/history.ts';
import { type ReplayOptions, replay } from '../gate/replay.ts';
import { close, reviews } from '../gate/reviews.ts';

const ACTIONS = ['check', 'explain', 'history', 'replay', 'reviews', 'close'] as const;

interface GateOptions extends CheckOptions, ReplayOptions {
  readonly all?: boolean;
  readonly text?: string;
}

/** `sluice gate ACTION`: judge reports, and tell how and why they were judged. */
export async function perform(
  context: Context,
  [action = '', ...words]: readonly string[],
  options: GateOptions,
): Promise<number> {
  switch (action) {
    case 'check':
      return checkFiles(context, words, options);
    case 'explain':
      return explain(context, words);
    case 'history':
      return history(context, words, options);
    case 'replay':
      return replay(context, words, options);
    case 'reviews':
      return reviews(context, options);
    case 'close':
      return close(context, words, options);
  }
  const near = nearestName(action, ACTIONS);
  throw userError(
    'unknown-action',
    `gate cannot ${visible(action)}`,
    near ? `did you mean sluice gate ${near}?` : `it can ${ACTIONS.join(', ')}`,
  );
}
